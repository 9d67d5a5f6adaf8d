"""Writes what was shown and what came of it as a Parquet file: `tideline export --help`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.commands.archive_log import Records, Shop, write_archived, write_log
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.target import PUBLISH_MS, read_target
from tideline.scripts.commands.token_secrets import SECRETS, read_token_keys
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.io.longer_log import read_policy
from tideline.udfs.io.topic_reader import read_topic, topic_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tideline.schemas.topics import Topics
    from tideline.scripts.commands.target import Target
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_DAYS = 7.0


def _export(cluster: KafkaCluster, topics: Topics, shop: Shop, out: Path) -> int:
    """Write the log of the topics as they are now; records that the job would refuse count nothing."""
    names = topics.decisions, topics.clickstream
    count = sum(topic_size(cluster, topic) for topic in names)
    decisions, clickstream = (read_topic(cluster, topic, _told(topic)) for topic in names)
    rows, taken = write_log(Records(count, decisions, clickstream), shop, out)
    none = f", and {taken.refused:,} that are none" if taken.refused else ""
    _say(f"{taken.decisions:,} decision records{none}; {taken.events:,} events that may be rewards")
    return rows


def _shop(cluster: KafkaCluster, topics: Topics, keys: TokenKeys, days: float) -> Shop:
    policy = read_policy(cluster, topics.policy, PUBLISH_MS).records
    return Shop.of(read_topic(cluster, topics.activities), policy, keys, days)


def _told(topic: str) -> Callable[[int, int], None]:
    return lambda done, total: _say(f"{topic}: {done:,} of {total:,} records")


def write(target: Target, out: Path, days: float = _DAYS, archive: Path | None = None) -> int:
    """Write the file; return its number of rows.

    Raises:
        ConfigError, OSError, Unavailable: the message says what is wrong.
    """
    out = out.resolve()  # what a link names is replaced, not the link
    if out.exists() and not out.is_file():
        raise ConfigError("--out", str(out), "a file, or the name of a new one")
    out.parent.mkdir(parents=True, exist_ok=True)
    keys = read_token_keys(target)
    if keys is None:
        name = SECRETS.environment
        raise ConfigError(name, None, f"the job's token secrets, in it or in the file {name}_FILE")
    shop = _shop(target.cluster, target.topics, keys, days)
    if archive is not None:
        return write_archived(archive, target.topics, shop, out)
    return _export(target.cluster, target.topics, shop, out)


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when the file is written, 1 with the reason otherwise."""
    arguments = parse("export", argv)
    try:
        rows = write(read_target(arguments), arguments.out, arguments.attribution_days, arguments.archive)
    except (ConfigError, OSError, StackError, Unavailable) as error:
        return failed("export", error)
    print(f"{arguments.out}: {rows:,} rows")
    return 0


def _say(line: str) -> None:
    print(f"export: {line}", file=sys.stderr, flush=True)
