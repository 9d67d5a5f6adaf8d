"""Writes a file of past events to the clickstream, each once, also where it was interrupted and is done again.

The file, in the format of `models/data.py`, fixes one order of its events, by time; each has an id that counts them and
says which file it is of. Every partition gets its events in that order, so the last record there says how far the
writing came.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kafka.partitioner.default import murmur2

from tideline.models.data import owners, read
from tideline.schemas.codec import MAX_AHEAD_MS, decode_event, encode_event
from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.schemas.events import Event
from tideline.schemas.fields import EARLIEST_MS, MAX_TEXT_CHARS
from tideline.udfs.io.topic_reader import last_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.models.data import Sequences
    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.io.kafka_cluster import KafkaCluster

_OPTION = "--file"
_TOLD_EVERY = 100_000
_OF_A_FILE = re.compile(r"past-([0-9a-f]{12})-(\d{1,15})")
_FLUSH_S = 60.0
_IN_BULK = {"linger_ms": 50, "batch_size": 256 * 1024}


def write_past(path: Path, cluster: KafkaCluster, topic: str) -> int:
    """Write those events of a file that are not in the topic yet; return how many these are.

    Raises:
        ConfigError: the file cannot be used, or something else is in the topic; nothing was written.
        Unavailable: no broker answers, or one refuses: doing it again goes on from there.
    """
    data = read(path, _OPTION)
    refuse_unfit(data, path, time.time_ns() // 1_000_000)
    tag = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    lasts = last_records(cluster, topic)
    written_to = {partition: number_of(record, tag, path, topic) for partition, record in lasts.items()}
    written = 0
    with cluster.producer(f"writing events to topic {topic}", f"Write on topic {topic}", **_IN_BULK) as producer:
        futures: list[Any] = []
        partitions: dict[str, int] = {}
        for number, event in enumerate(past_events(data, tag)):
            key = event.user_id.encode()
            partition = partitions.get(event.user_id, -1)
            if partition < 0:
                partition = partitions[event.user_id] = partition_of(key, len(lasts))
            if number <= written_to[partition]:
                continue
            sent = producer.send(topic, key=key, value=encode_event(event), partition=partition)
            written += 1
            if written % _TOLD_EVERY == 0:
                print(f"backfill: {number + 1:,} of {data.ts_ms.size:,} events of the file", file=sys.stderr)
                futures = [each for each in futures if not each.succeeded()]
            futures.append(sent)
        producer.flush(timeout=_FLUSH_S)
        for each in futures:
            each.get(timeout=0)
    return written


def past_events(data: Sequences, tag: str) -> Iterator[Event]:
    """Yield the events by time, those of one user a millisecond apart at least: so they keep the file's order."""
    owner = owners(data)
    newest: dict[str, int] = {}
    for number, row in enumerate(np.argsort(data.ts_ms, kind="stable").tolist()):
        user = str(data.names[owner[row]])
        newest[user] = ts_ms = max(int(data.ts_ms[row]), newest.get(user, 0) + 1)
        item, category = int(data.item[row]), int(data.category[row])
        yield Event(
            event_id=f"past-{tag}-{number}",
            user_id=user,
            type=int(data.type[row]),
            ts_ms=ts_ms,
            item_id=str(data.item_names[item]) if item >= 0 else None,
            category=str(data.category_names[category]) if category >= 0 else None,
            price=float(data.price[row]) or None,
            quantity=int(data.quantity[row]) or None,
        )


def refuse_unfit(data: Sequences, path: Path, now_ms: int) -> None:
    """Compare the events with what the clickstream takes.

    Raises:
        ConfigError: a text is too long, or a time out of the range.
    """
    for texts in (data.names, data.item_names, data.category_names):
        longest = max(map(len, texts.tolist()), default=0)
        if longest > MAX_TEXT_CHARS:
            raise ConfigError(_OPTION, str(path), f"texts of up to {MAX_TEXT_CHARS} characters; one has {longest}")
    first, last = int(data.ts_ms.min()), int(data.ts_ms.max())
    if first < EARLIEST_MS or last > now_ms + MAX_AHEAD_MS:
        raise ConfigError(_OPTION, str(path), f"times from 1973 to now; they are {first} to {last} ms after 1970")


def number_of(last: TopicRecord | None, tag: str, path: Path, topic: str) -> int:
    """Return which event of the file the last record of a partition is, -1 where there is none.

    Raises:
        ConfigError: it is no event of this file.
    """
    if last is None:
        return -1
    try:
        found = _OF_A_FILE.fullmatch(decode_event(last.key, last.value, last.timestamp_ms).event_id)
    except InvalidRecord:
        found = None
    if found is None or found[1] != tag:
        raise ConfigError(_OPTION, str(path), f"a past, which comes first: topic {topic} holds other events already")
    return int(found[2])


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's own clients choose for a key."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
