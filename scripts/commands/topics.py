"""Makes the topics of a deployment where they are missing, or tells what they are: `tideline topics`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.schemas.topics import SPECS, apart
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.release import release
from tideline.scripts.commands.target import read_target
from tideline.scripts.contract.asyncapi import document
from tideline.scripts.contract.strimzi import resources
from tideline.scripts.contract.yaml_text import yaml_text
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tideline.schemas.topics import Topics
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_KNOWN_WITHIN_S = 20.0


class TopicError(Exception):
    """A topic is there but cannot be used as it is."""


class Ensured(NamedTuple):
    """A topic that is there: whether it was made now, and what it is divided into."""

    name: str
    made: bool
    partitions: int


def ensure_topics(
    cluster: KafkaCluster, names: Topics, partitions: int | None = None, roles: Collection[str] = SPECS
) -> list[Ensured]:
    """Makes the topics that are missing and leaves the settings of the others alone.

    Args:
        cluster: Where to make them.
        names: The topics' names.
        partitions: Of the clickstream, the profiles and the decisions, where they are made now; None for the default.
        roles: Those that are needed, where not all are.

    Returns:
        All that are needed, in the order of their roles.

    Raises:
        TopicError: One that is there cannot be used: its partitions, or whose clock stamps its records.
        Unavailable: No broker answers, or one refuses.
    """
    wanted = {role: name for role, name in names.by_role().items() if role in roles}
    needs = f"Create and Describe on {', '.join(wanted.values())}"
    needs += f", and DescribeConfigs on {names.clickstream}" * ("clickstream" in wanted)
    with cluster.admin("making topics", needs) as admin:
        made = []
        for role, name in wanted.items():
            count = _count(admin, names, role, partitions)
            made += [name] * _create(admin, role, name, count)
        found = _check_partitions(admin, names, wanted)
        if "clickstream" in wanted:
            _check_clock(admin, names.clickstream)
    return [Ensured(name, name in made, found[name]) for name in wanted.values()]


def _count(admin: Any, names: Topics, role: str, partitions: int | None) -> int | None:
    """Return how many partitions a topic is to have, None for the default: profiles as many as the clickstream has."""
    if role != "profiles":
        return partitions
    (found,) = admin.describe_topics([names.clickstream])
    return len(found["partitions"]) or partitions


def _create(admin: Any, role: str, name: str, partitions: int | None) -> bool:
    spec = SPECS[role]
    wanted = partitions if partitions and spec.any_partitions else spec.partitions
    # -1: as many copies as the brokers make by default, one on a single broker and three on most clusters
    topic = NewTopic(name, wanted, -1, topic_configs=dict(spec.config))
    try:
        admin.create_topics([topic])
    except TopicAlreadyExistsError:
        return False
    return True


def _check_partitions(admin: Any, names: Topics, wanted: Mapping[str, str]) -> dict[str, int]:
    """Wait until every broker knows the topics, a producer that comes too early would be told that there are none.

    Returns their partitions by name.
    """
    deadline = time.monotonic() + _KNOWN_WITHIN_S
    while True:
        described = admin.describe_topics([*wanted.values()])
        if any(topic["error_code"] == TopicAuthorizationFailedError.errno for topic in described):
            raise TopicAuthorizationFailedError
        found = {topic["name"]: len(topic["partitions"]) for topic in described}
        for role, name in wanted.items():
            partitions = found.get(name, 0)
            if partitions > 1 and not SPECS[role].any_partitions:
                raise TopicError(f"topic {name!r} has {partitions} partitions; it is read in one order and needs 1")
        if all(found.get(name, 0) for name in wanted.values()):
            wrong = apart(names, found) if {"clickstream", "profiles"} <= wanted.keys() else ""
            if wrong:
                raise TopicError(f"{wrong}. Delete the topic of profiles, make it again, and write them again")
            return found
        if time.monotonic() > deadline:
            missing = ", ".join(wanted.values())
            raise TopicError(f"the brokers do not know all of {missing} after {_KNOWN_WITHIN_S:.0f} s")
        time.sleep(0.1)


def _check_clock(admin: Any, clickstream: str) -> None:
    """A device whose clock is years ahead would make its own record the measure of the future."""
    asked = ConfigResource(ConfigResourceType.TOPIC, clickstream)
    (found,) = admin.describe_configs([asked], config_filter="all").values()
    if not found[clickstream]:  # the client leaves out what is refused
        raise TopicAuthorizationFailedError(clickstream)
    check_clock(clickstream, found[clickstream]["message.timestamp.type"]["value"])


def check_clock(clickstream: str, kind: str) -> None:
    """Compare whose clock stamps the clickstream's records with what is needed.

    Raises:
        TopicError: The producers' clocks do.
    """
    if kind != "LogAppendTime":
        raise TopicError(
            f"topic {clickstream!r} has message.timestamp.type={kind}; needed is LogAppendTime, events are measured "
            f"against the broker's clock. Change it: kafka-configs --bootstrap-server HOST:PORT --alter "
            f"--entity-type topics --entity-name {clickstream} --add-config message.timestamp.type=LogAppendTime"
        )


def main(argv: list[str]) -> int:
    """Exit status 0 when all topics are there, 1 otherwise, with the reason on standard error."""
    arguments = parse("topics", argv)
    if arguments.asyncapi:
        names = arguments.topics.with_suffix(arguments.suffix)
        print(yaml_text(document(names, release(), arguments.partitions)), end="")
        return 0
    if arguments.strimzi:
        made_of = resources(arguments.topics.with_suffix(arguments.suffix), arguments.partitions, arguments.strimzi)
        print("---\n".join(map(yaml_text, made_of)), end="")
        return 0
    try:
        target = read_target(arguments)
        topics = ensure_topics(target.cluster, target.topics, arguments.partitions)
    except (ConfigError, StackError, TopicError, Unavailable) as error:
        return failed("topics", error)
    if arguments.json:
        print(json.dumps([each._asdict() for each in topics]))
        return 0
    meant = {target.topics.clickstream, target.topics.decisions}  # profiles follow the clickstream
    for each in topics:
        print(told(each, arguments.partitions if each.name in meant else None))
    return 0


def told(topic: Ensured, asked: int | None) -> str:
    """Return the line of a topic for people; `asked` is how many partitions they wanted it to have.

    >>> told(Ensured("policy", True, 1), None)
    'policy: made, partitions: 1'
    """
    line = f"{topic.name}: {'made' if topic.made else 'was there'}, partitions: {topic.partitions}"
    if asked is None or asked == topic.partitions:
        return line
    if asked < topic.partitions:
        return f"{line}, not {asked}: a topic never has fewer"
    return f"{line}, not {asked}: kafka-topics --alter --topic {topic.name} --partitions {asked} adds them"
