"""Reads whole Kafka topics as far as they go now: for exports and for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from tideline.schemas.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_POLL_MS = 500
_SILENT_POLLS = 60
_AT_ONCE = 20_000
_FETCH_BYTES = 1 << 24


class Record(NamedTuple):
    """A record as Kafka had it."""

    key: bytes | None
    value: bytes | None
    ts_ms: int


def read_topic(bootstrap: str, topic: str, security: Mapping[str, Any]) -> Iterator[Record]:
    """Yield the committed records of all partitions below their present ends, each partition in its order.

    A partition is over when its position is: the last offsets may be a transaction's marker or have been compacted.

    Raises:
        Unavailable: the broker cannot be reached or refuses, the topic is not there, or nothing comes for half a
            minute before its end.
    """
    try:
        # The broker checked each batch when it took it; a checksum in plain Python costs more than all the rest.
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            enable_auto_commit=False,
            isolation_level="read_committed",
            check_crcs=False,
            max_poll_records=_AT_ONCE,
            max_partition_fetch_bytes=_FETCH_BYTES,
            **security,
        )
        try:
            yield from _polled(consumer, topic)
        finally:
            consumer.close()
    except KafkaError as error:
        raise Unavailable("kafka", f"reading topic {topic} at {bootstrap}: {error}") from error


def _polled(consumer: KafkaConsumer, topic: str) -> Iterator[Record]:
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    if not partitions:
        raise Unavailable("kafka", f"there is no topic {topic}")
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    silent = 0
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        found = consumer.poll(timeout_ms=_POLL_MS)
        silent = 0 if found else silent + 1
        if silent == _SILENT_POLLS:
            raise Unavailable("kafka", f"topic {topic} sends nothing")
        for partition, records in found.items():
            for record in records:
                if record.offset < ends[partition]:
                    yield Record(record.key, record.value, record.timestamp)
