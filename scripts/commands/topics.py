"""Makes the topics of a deployment where they are missing: `tideline topics`."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from tideline.schemas.topics import SPECS, Topics
from tideline.scripts.parsers.verbs import parse

_KNOWN_WITHIN_S = 20.0
_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")


class TopicError(Exception):
    """A topic is there but cannot be used as it is, or the configuration file is wrong."""


def ensure_topics(
    bootstrap: str, names: Topics, security: Mapping[str, Any], partitions: int | None = None
) -> list[str]:
    """Makes the topics that are missing and leaves the settings of the others alone.

    Args:
        bootstrap: Brokers as `host:port,host:port`.
        names: The topics' names.
        security: Connection settings of kafka-python, such as `security_protocol` and `sasl_plain_username`.
        partitions: Of the clickstream and the decisions, where they are made now; None for the default.

    Returns:
        The names of those that were made now.

    Raises:
        TopicError: One that is there cannot be used: its partitions, or whose clock stamps its records.
        kafka.errors.KafkaError: The brokers cannot be reached or refuse.
    """
    admin = KafkaAdminClient(bootstrap_servers=bootstrap, **security)
    try:
        made = [name for role, name in names.by_role().items() if _create(admin, role, name, partitions)]
        _check_partitions(admin, names)
        _check_clock(admin, names.clickstream)
    finally:
        admin.close()
    return made


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


def _check_partitions(admin: Any, names: Topics) -> None:
    """Waits until every broker knows the topics: a producer that comes too early would be told that there are none."""
    wanted = names.by_role()
    deadline = time.monotonic() + _KNOWN_WITHIN_S
    while True:
        found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics([*wanted.values()])}
        for role, name in wanted.items():
            partitions = found.get(name, 0)
            if partitions > 1 and not SPECS[role].any_partitions:
                raise TopicError(f"topic {name!r} has {partitions} partitions; it is read in one order and needs 1")
        if all(found.get(name, 0) for name in wanted.values()):
            return
        if time.monotonic() > deadline:
            missing = ", ".join(wanted.values())
            raise TopicError(f"the brokers do not know all of {missing} after {_KNOWN_WITHIN_S:.0f} s")
        time.sleep(0.1)


def _check_clock(admin: Any, clickstream: str) -> None:
    """A device whose clock is years ahead would make its own record the measure of the future."""
    asked = ConfigResource(ConfigResourceType.TOPIC, clickstream)
    (found,) = admin.describe_configs([asked], config_filter="all").values()
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


def read_config(path: Path) -> tuple[Topics, dict[str, Any]]:
    """Names and security settings of a JSON file `{"topics": {role: name}, "security": {...}}`; both may be absent.

    Raises:
        TopicError: The file is not of that form, or names a role that is none.
    """
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise TopicError(f"--config {path}: {error}") from error
    if not isinstance(document, dict) or not document.keys() <= {"topics", "security"}:
        raise TopicError(f'--config {path}: allowed is an object with "topics" and "security"')
    names = document.get("topics", {})
    if not isinstance(names, dict):
        raise TopicError(f"--config {path}: topics: allowed is an object of names by role")
    for role, name in names.items():
        if role not in SPECS:
            raise TopicError(f"--config {path}: topics.{role}: allowed are {', '.join(SPECS)}")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise TopicError(f"--config {path}: topics.{role}={name!r}: allowed are 1 to 249 of A-Z a-z 0-9 . _ -")
    security = document.get("security", {})
    if not isinstance(security, dict):
        raise TopicError(f"--config {path}: security: allowed is an object of settings")
    return Topics(**names), security


def main(argv: list[str]) -> int:
    """Exit status 0 when all topics are there, 1 otherwise, with the reason on standard error."""
    arguments = parse("topics", argv)
    try:
        names, security = read_config(arguments.config) if arguments.config else (Topics(), {})
        names = names.with_suffix(arguments.suffix)
        made = ensure_topics(arguments.bootstrap, names, security, arguments.partitions)
    except (TopicError, KafkaError) as error:
        print(f"topics: {error}", file=sys.stderr)
        return 1
    found = [{"name": name, "made": name in made} for name in names.by_role().values()]
    if arguments.json:
        print(json.dumps(found))
        return 0
    for each in found:
        print(f"{each['name']}: {'made' if each['made'] else 'was there'}")
    return 0
