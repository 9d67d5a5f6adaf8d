"""Writes what was shown and what came of it as a Parquet file: `tideline export --help`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyarrow import parquet

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.analysis import join_log
from tideline.scripts.analysis.rule_log import with_rules
from tideline.scripts.archive.topic_columns import decisions_of, events_of
from tideline.scripts.commands.archive_log import Shop, write_archived
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.target import PUBLISH_MS, read_target
from tideline.scripts.commands.token_secrets import SECRETS, read_token_keys
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.io.longer_log import read_policy
from tideline.udfs.io.topic_reader import read_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pyarrow as pa

    from tideline.schemas.topics import Topics
    from tideline.scripts.commands.target import Target
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_DAYS = 7.0


def export(cluster: KafkaCluster, topics: Topics, keys: TokenKeys, days: float) -> pa.Table:
    """Return the joined table of the topics as they are now; records that the job would refuse count nothing.

    Raises:
        Unavailable: a topic cannot be read.
    """
    shop = _shop(cluster, topics, keys, days)
    decisions, refused = decisions_of(read_topic(cluster, topics.decisions, _told(topics.decisions)))
    _say(f"{decisions.num_rows:,} decision records" + (f", and {refused:,} that are none" if refused else ""))
    events = events_of(read_topic(cluster, topics.clickstream, _told(topics.clickstream)))
    _say(f"{len(events):,} events that may be rewards")
    return with_rules(join_log.join(decisions, events, shop.settings, shop.activities), shop.rules)


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
    if out.is_dir():
        raise ConfigError("--out", str(out), "a file")
    out.parent.mkdir(parents=True, exist_ok=True)
    keys = read_token_keys(target)
    if keys is None:
        name = SECRETS.environment
        raise ConfigError(name, None, f"the job's token secrets, in it or in the file {name}_FILE")
    if archive is not None:
        return write_archived(archive, target.topics, _shop(target.cluster, target.topics, keys, days), out)
    table = export(target.cluster, target.topics, keys, days)
    parquet.write_table(table, out, compression="zstd")
    return int(table.num_rows)


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
