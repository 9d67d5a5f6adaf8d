"""Writes what was shown and what came of it as a Parquet file: `tideline export --help`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kafka.errors import KafkaError
from pyarrow import parquet

from tideline.models.topic_records import read_topic
from tideline.schemas.codec import decode_event
from tideline.schemas.errors import ConfigError, InvalidEvent, Unavailable
from tideline.schemas.records import DECISION
from tideline.schemas.topics import Topics
from tideline.scripts.analysis import join_log
from tideline.scripts.commands.submit import token_keys
from tideline.scripts.commands.topics import TopicError, read_config
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.catalogue.activity import Activity, decode_activity
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.rewards.attributing import Attributing
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.options import MASK, options_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from typing import Any

    import pyarrow as pa

    from tideline.schemas.events import Event

_DAY_MS = 86_400_000


def export(bootstrap: str, topics: Topics, security: Mapping[str, Any], keys: TokenKeys, days: float) -> pa.Table:
    """Return the joined table of the topics as they are now; records that the job would refuse count nothing.

    Raises:
        Unavailable, KafkaError: a topic cannot be read.
    """
    catalogue = Catalogue.of(_activities(bootstrap, topics.activities, security).values())
    settings = Attributing.of(keys, round(days * _DAY_MS), catalogue.reward_value, catalogue.activities_of_item)
    records = read_topic(bootstrap, topics.decisions, security)
    decisions = [DECISION.decode(record.value) for record in records if record.value is not None]
    _say(f"{len(decisions):,} decision records")
    events: list[Event] = []
    for record in read_topic(bootstrap, topics.clickstream, security):
        try:
            event = decode_event(record.key, record.value, record.ts_ms)
        except InvalidEvent:
            continue
        if join_log.matters(event):
            events.append(event)
    _say(f"{len(events):,} events that may be rewards")
    return join_log.join(decisions, events, settings)


def _activities(bootstrap: str, topic: str, security: Mapping[str, Any]) -> dict[str, Activity]:
    found: dict[str, Activity] = {}
    for record in read_topic(bootstrap, topic, security):
        try:
            activity = decode_activity(record.key, record.value)
        except InvalidEvent:
            continue
        if activity is not None:
            found[activity.activity_id] = activity  # one that is deleted since may still have been clicked
    return found


def run(arguments: argparse.Namespace) -> int:
    """Write the file; return its number of rows.

    Raises:
        ConfigError, OSError, StackError, TopicError, Unavailable, KafkaError: the message says what is wrong.
    """
    if arguments.out.is_dir():
        raise ConfigError("--out", str(arguments.out), "a file")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    topics, security = read_config(arguments.config) if arguments.config else (Topics(), {})
    topics = topics.with_suffix(arguments.suffix)
    if arguments.stack:
        stack = Stack.attach(arguments.stack)
        bootstrap, keys = stack.kafka_bootstrap, _keys(json.dumps(token_keys(stack)))
    else:
        bootstrap, keys = arguments.bootstrap, _keys(_secret())
    table = export(bootstrap, topics, security, keys, arguments.attribution_days)
    parquet.write_table(table, arguments.out, compression="zstd")
    return int(table.num_rows)


def _secret() -> str:
    option = options_of(JobConfig)["token_keys"]
    if option.environment in os.environ:
        return os.environ[option.environment]
    path = os.environ.get(f"{option.environment}_FILE")
    if path is None:
        raise ConfigError(
            option.environment, None, f"the job's token secrets, in it or in the file {option.environment}_FILE"
        )
    try:
        return Path(path).read_text()
    except OSError as error:
        raise ConfigError(f"{option.environment}_FILE", path, "a file that can be read") from error


def _keys(text: str) -> TokenKeys:
    option = options_of(JobConfig)["token_keys"]
    try:
        secrets: dict[int, bytes] = option.kind.read(text)
    except (TypeError, ValueError) as error:
        raise ConfigError(option.environment, MASK, option.kind.allowed) from error
    return TokenKeys(secrets, min(secrets))


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when the file is written, 1 with the reason otherwise."""
    arguments = parse("export", argv)
    try:
        rows = run(arguments)
    except (ConfigError, KafkaError, OSError, StackError, TopicError, Unavailable) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.out}: {rows:,} rows")
    return 0


def _say(line: str) -> None:
    print(f"export: {line}", file=sys.stderr, flush=True)
