"""Makes the topics of a deployment where they are missing: `python -m scripts.topics --bootstrap HOST:PORT`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from jobs.topics import SPECS, Topics

_KNOWN_WITHIN_S = 20.0


class TopicError(Exception):
    """A topic is there but cannot be used as it is, or the configuration file is wrong."""


def ensure_topics(bootstrap: str, names: Topics, security: Mapping[str, Any]) -> list[str]:
    """Makes the topics that are missing and leaves the settings of the others alone.

    Args:
        bootstrap: Brokers as `host:port,host:port`.
        names: The topics' names.
        security: Connection settings of kafka-python, such as `security_protocol` and `sasl_plain_username`.

    Returns:
        The names of those that were made now.

    Raises:
        TopicError: One that is there has another number of partitions.
        kafka.errors.KafkaError: The brokers cannot be reached or refuse.
    """
    admin = KafkaAdminClient(bootstrap_servers=bootstrap, **security)
    try:
        made = [name for role, name in names.by_role().items() if _create(admin, role, name)]
        _check_partitions(admin, names)
    finally:
        admin.close()
    return made


def _create(admin: Any, role: str, name: str) -> bool:
    spec = SPECS[role]
    # -1: as many copies as the brokers make by default, one on a single broker and three on most clusters
    topic = NewTopic(name, spec.partitions, -1, topic_configs=dict(spec.config))
    try:
        admin.create_topics([topic])
    except TopicAlreadyExistsError:
        return False
    return True


def _check_partitions(admin: Any, names: Topics) -> None:
    """Waits until every broker knows the topics: a producer that comes too early would be told that there are none."""
    wanted = {name: SPECS[role].partitions for role, name in names.by_role().items()}
    deadline = time.monotonic() + _KNOWN_WITHIN_S
    while True:
        found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics([*wanted])}
        if found == wanted:
            return
        for name, partitions in found.items():
            if partitions not in (0, wanted[name]):
                raise TopicError(f"topic {name!r} has {partitions} partitions; needed are {wanted[name]}")
        if time.monotonic() > deadline:
            raise TopicError(f"the brokers do not know all of {', '.join(wanted)} after {_KNOWN_WITHIN_S:.0f} s")
        time.sleep(0.1)


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
    for role in names:
        if role not in SPECS:
            raise TopicError(f"--config {path}: topics.{role}: allowed are {', '.join(SPECS)}")
    return Topics(**names), document.get("security", {})


def main(argv: list[str]) -> int:
    """Exit status 0 when all topics are there, 1 otherwise, with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m scripts.topics", description=__doc__)
    parser.add_argument("--bootstrap", required=True, metavar="HOST:PORT", help="Kafka brokers, separated by commas")
    parser.add_argument("--suffix", default="", help="put after each name, for a set of its own")
    parser.add_argument("--config", type=Path, metavar="FILE", help="JSON: names of the topics and security settings")
    arguments = parser.parse_args(argv)
    try:
        names, security = read_config(arguments.config) if arguments.config else (Topics(), {})
        names = names.with_suffix(arguments.suffix)
        made = ensure_topics(arguments.bootstrap, names, security)
    except (TopicError, KafkaError) as error:
        print(f"topics: {error}", file=sys.stderr)
        return 1
    for name in names.by_role().values():
        print(f"{name}: {'made' if name in made else 'was there'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
