"""Writes what was shown and what came of it as a Parquet file: `tideline export --help`."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from tideline.schemas.codec import decode_event, type_of_record
from tideline.schemas.errors import ConfigError, InvalidRecord, Unavailable
from tideline.schemas.records import DECISION
from tideline.scripts.analysis import join_log
from tideline.scripts.analysis.rule_log import rules_of, with_rules
from tideline.scripts.archive import archive_files
from tideline.scripts.archive.avro_columns import columns_of
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.target import PUBLISH_MS, read_target
from tideline.scripts.commands.token_secrets import SECRETS, read_token_keys
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.catalogue.activity import Activity, decode_activity
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.context import DIM
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
from tideline.udfs.io.topic_reader import read_policy, read_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tideline.schemas.events import Event
    from tideline.schemas.topics import Topics
    from tideline.scripts.commands.target import Target
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_DAY_MS = 86_400_000
_DAYS = 7.0
_AT_ONCE = 20_000
_PLACED = r"\.[0-9]{1,3}$"
"""How the id of a decision ends that is about a list of a placement: with the number of the placement."""


def export(
    cluster: KafkaCluster, topics: Topics, keys: TokenKeys, days: float, archive: Path | None = None
) -> pa.Table:
    """Return the joined table of the topics as they are now; records that the job would refuse count nothing.

    With an archive, decisions and events are those that it holds.

    Raises:
        ConfigError: the archive cannot be read.
        Unavailable: a topic cannot be read.
    """
    activities = _activities(cluster, topics.activities)
    catalogue = Catalogue.of(activities.values())
    settings = AttributionSettings.of(keys, round(days * _DAY_MS), catalogue.reward_value, catalogue.activities_of_item)
    read = partial(_read, cluster, archive)
    decisions, refused = decisions_of(read(topics.decisions))
    _say(f"{decisions.num_rows:,} decision records" + (f", and {refused:,} that are none" if refused else ""))
    events = events_of(read(topics.clickstream))
    _say(f"{len(events):,} events that may be rewards")
    rules = rules_of(read_policy(cluster, topics.policy, PUBLISH_MS).records, activities)
    return with_rules(join_log.join(decisions, events, settings, activities), rules)


def _read(cluster: KafkaCluster, archive: Path | None, topic: str) -> Iterator[TopicRecord]:
    return read_topic(cluster, topic, _told(topic)) if archive is None else archive_files.read(archive, topic)


def decisions_of(records: Iterable[TopicRecord]) -> tuple[pa.Table, int]:
    """Return decision records as columns, and how many others were left out: whoever may write the topic wrote them."""
    parts = [columns_of(DECISION, [])]
    values: list[bytes] = []
    read = 0
    for record in records:
        if record.value is not None:
            values.append(record.value)
            read += 1
        if len(values) == _AT_ONCE:
            parts.append(_readable(values))
            values.clear()
    table = pa.concat_tables([*parts, _readable(values)])
    is_whole = pc.equal(pc.binary_length(table["x"]), DIM)
    names_its_list = pc.or_(pc.equal(table["placement"], ""), pc.match_substring_regex(table["decision_id"], _PLACED))
    kept = table.filter(pc.and_(is_whole, names_its_list)).combine_chunks()
    return kept, read - kept.num_rows


def _readable(values: Sequence[bytes]) -> pa.Table:
    try:
        return columns_of(DECISION, values)
    except InvalidRecord:  # few batches have one: only there each is tried by itself, 24 us a record
        return columns_of(DECISION, [each for each in values if _is_decision(each)])


def _is_decision(value: bytes) -> bool:
    try:
        DECISION.decode(value)
    except InvalidRecord:
        return False
    return True


def events_of(records: Iterable[TopicRecord]) -> list[Event]:
    """Return what may be a reward; of the others no more is read than what they are."""
    events: list[Event] = []
    for record in records:
        if type_of_record(record.value) in join_log.ORGANIC:
            continue
        try:
            event = decode_event(record.key, record.value, record.timestamp_ms)
        except InvalidRecord:
            continue
        if event.type not in join_log.ORGANIC:
            events.append(event)
    return events


def _told(topic: str) -> Callable[[int, int], None]:
    return lambda done, total: _say(f"{topic}: {done:,} of {total:,} records")


def _activities(cluster: KafkaCluster, topic: str) -> dict[str, Activity]:
    found: dict[str, Activity] = {}
    for record in read_topic(cluster, topic):
        try:
            activity = decode_activity(record.key, record.value)
        except InvalidRecord:
            continue
        if activity is not None:
            found[activity.activity_id] = activity  # one that is deleted since may still have been clicked
    return found


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
    table = export(target.cluster, target.topics, keys, days, archive)
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
