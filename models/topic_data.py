"""Sequences straight from the clickstream: from its Kafka topic, or from a Parquet archive of the topic.

Records are decoded, refused, judged for robots, deduplicated and ordered by the code that the online job runs, so that
training sees the events that the job saw. What the job drops because 31 newer events of the user were there already
(`late`) is kept here: it depends on the order of arrival, which a topic does not repeat.

An archive has a row for each record with the columns `key` and `value` (bytes) and `timestamp_ms` (whole number, the
record's Kafka timestamp), in the order of the topic within each key.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tideline.models.data import Sequences, sequences_in
from tideline.models.tables import Table
from tideline.schemas.codec import decode_event
from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, Event, EventType
from tideline.schemas.fields import CANARY_PREFIX
from tideline.schemas.topics import Topics
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.users.rate_guard import admit
from tideline.udfs.core.users.user_state import MAX_PRICE, MAX_QUANTITY, decode_states
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import read_topic
from tideline.udfs.settings.connection.kafka_security import chosen_properties
from tideline.udfs.settings.options import brokers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

ARCHIVE_COLUMNS = ("key", "value", "timestamp_ms")
KAFKA = "kafka://"
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

    A sequence is a user with at least one organic event; names are in the order of their first such event.

    Raises:
        ConfigError: there is no organic event.
    """
    by_user: dict[str, list[Event]] = {}
    for record in records:
        if (record[0] or b"").startswith(_CANARY):
            continue
        try:
            event = decode_event(*record)
        except InvalidRecord:
            continue
        by_user.setdefault(event.user_id, []).append(event)
    kept = {user: admitted for user, events in by_user.items() if (admitted := _admitted(events))}
    if not kept:
        raise ConfigError("--data", source, "at least one organic event")
    events = [event for mine in kept.values() for event in mine]
    item_names, item = _coded([event.item_id for event in events])
    category_names, category = _coded([event.category for event in events])
    price = np.array([min(event.price or 0.0, MAX_PRICE) for event in events])
    return Sequences(
        starts=np.concatenate([[0], np.cumsum([len(mine) for mine in kept.values()])]),
        names=np.array(list(kept), dtype=object),
        item=item,
        category=category,
        type=np.array([event.type for event in events], dtype=np.uint8),
        ts_ms=np.array([event.ts_ms for event in events], dtype=np.int64),
        price=price.astype(np.float16).astype(np.float32),  # not by way of a float: that rounds twice
        quantity=np.array([min(event.quantity or 0, MAX_QUANTITY) for event in events], dtype=np.int64),
        item_names=item_names,
        category_names=category_names,
    )


def archive_records(table: Table) -> Iterator[Record]:
    """Yield the records of a Parquet archive.

    Raises:
        ConfigError: a column is missing or holds something else.
    """
    table.need(ARCHIVE_COLUMNS, f"columns {', '.join(ARCHIVE_COLUMNS)}")
    keys, values, times = table.binary("key"), table.binary("value"), table.times("timestamp_ms")
    yield from zip(keys.to_pylist(), values.to_pylist(), times.tolist(), strict=True)


def _admitted(events: list[Event]) -> list[Event]:
    """Return one user's organic events since an erasure, without a robot's, each once, in the order of a history.

    Whether an order to erase is signed is nothing to go by here: what it leaves out is missed by nobody.
    """
    erased_ms = max((event.ts_ms for event in events if event.type == EventType.ERASE and not event.token), default=0)
    events = [event for event in events if event.ts_ms > erased_ms]
    (verdicts,) = admit(decode_states([None], 0), np.array([0]), [events])
    once: dict[int, Event] = {}
    for event, passed in zip(events, verdicts, strict=True):
        if passed and event.type < FIRST_ACTIVITY_TYPE:
            once.setdefault(hash64(event.event_id), event)
    return [event for _, event in sorted(once.items(), key=lambda entry: (entry[1].ts_ms, entry[0]))]


def _coded(names: list[str | None]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the distinct names in order of appearance, and the index of each given one, -1 for none."""
    codes: dict[str, int] = {}
    found = [-1 if not name else codes.setdefault(name, len(codes)) for name in names]
    return np.array(list(codes), dtype=object), np.array(found, dtype=np.int64)
