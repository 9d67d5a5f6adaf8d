"""Sequences straight from the clickstream: from its Kafka topic, or from a Parquet archive of the topic.

Records are decoded, refused, judged for robots, deduplicated and ordered by the code that the online job runs, so that
training sees the events that the job saw. What the job drops because 31 newer events of the user were there already
(`late`) is kept here: it depends on the order of arrival, which a topic does not repeat.

An archive has a row for each record with the columns `key` and `value` (bytes) and `timestamp_ms` (whole number, the
record's Kafka timestamp), in the order of the topic within each key.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.models.data import sequences_in
from tideline.models.packed_events import PackedEvents
from tideline.models.tables import Table
from tideline.schemas.codec import decode_event
from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.schemas.fields import CANARY_PREFIX
from tideline.schemas.topics import Topics
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import read_topic
from tideline.udfs.settings.connection.kafka_security import chosen_properties
from tideline.udfs.settings.options import brokers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tideline.models.data import Sequences
    from tideline.schemas.events import Event

ARCHIVE_COLUMNS = ("key", "value", "timestamp_ms")
KAFKA = "kafka://"
CHUNK = 20_000
"""Events that are held as they were read before they are packed."""
_PATIENCE_S = 10.0
# Each views the same thing every few seconds, all year: more events than a small shop's customers make.
_CANARY = CANARY_PREFIX.encode()

Record = tuple[bytes | None, bytes | None, int]
"""Key, value and Kafka timestamp (ms)."""


def load(source: str, option: str = "--data", properties: Path | None = None) -> Sequences:
    """Read `kafka://HOST:PORT/TOPIC`, a Parquet archive of the topic, or a file of the format of `models/data.py`.

    Of a folder with several archived topics it is the clickstream by its default name. `properties` is a file with the
    login of the Kafka; without it the environment may say it, as for the job.

    Raises:
        ConfigError: the source cannot be read or has no event.
        Unavailable: no broker answers, or one refuses.
    """
    if source.startswith(KAFKA):
        bootstrap, _, topic = source.removeprefix(KAFKA).partition("/")
        try:
            brokers().read(bootstrap if topic else None)
        except (TypeError, ValueError) as error:
            raise ConfigError(option, source, f"{KAFKA}HOST:PORT/TOPIC, host:port several with commas") from error
        cluster = KafkaCluster(bootstrap, chosen_properties(properties, os.environ), _PATIENCE_S)
        return sequences_of((record[1:] for record in read_topic(cluster, topic)), source)
    if properties is not None:
        raise ConfigError("--config", str(properties), f"only with {option} {KAFKA}HOST:PORT/TOPIC")
    archived = Path(source) / f"topic={Topics().clickstream}"
    table = Table(archived if archived.is_dir() else Path(source), option)
    is_archive = set(ARCHIVE_COLUMNS) <= set(table.names)
    return sequences_of(archive_records(table), source) if is_archive else sequences_in(table)


def sequences_of(records: Iterable[Record], source: str = "clickstream") -> Sequences:
    """Return the organic events of each user, each once, by (time, hash of the event id).

    Refused records and the events of a prober's canaries are left out.

    A sequence is a user with at least one organic event; names are in the order of their first event of any kind. An
    event takes at most 80 bytes and a user 200 at any time, whatever a record weighs; 37 an event are returned.

    Raises:
        ConfigError: there is no organic event.
    """
    packed = PackedEvents()
    decoded = _decoded(records)
    while chunk := list(islice(decoded, CHUNK)):
        packed.take(chunk)
    found = packed.sequences()
    if found is None:
        raise ConfigError("--data", source, "at least one organic event")
    return found


def _decoded(records: Iterable[Record]) -> Iterator[Event]:
    for record in records:
        if (record[0] or b"").startswith(_CANARY):
            continue
        try:
            yield decode_event(*record)
        except InvalidRecord:
            continue


def archive_records(table: Table) -> Iterator[Record]:
    """Yield the records of a Parquet archive.

    Raises:
        ConfigError: a column is missing or holds something else.
    """
    table.need(ARCHIVE_COLUMNS, f"columns {', '.join(ARCHIVE_COLUMNS)}")
    for part in table.batches(ARCHIVE_COLUMNS, CHUNK):
        keys, values, times = part.binary("key"), part.binary("value"), part.times("timestamp_ms")
        yield from zip(keys.to_pylist(), values.to_pylist(), times.tolist(), strict=True)
