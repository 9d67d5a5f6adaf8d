"""Reads a whole single-partition topic up to its end, as it is at the moment of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from udfs.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_POLL_MS = 500
_SILENT_POLLS = 60


class TopicRecord(NamedTuple):
    """A record of a topic with one partition."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    """Its Kafka timestamp."""


def read_topic(bootstrap: str, topic: str, security: Mapping[str, Any]) -> Iterator[TopicRecord]:
    """Yield every record of partition 0 below the end offset found at the start.

    Raises:
        Unavailable: the broker cannot be reached or sends nothing for half a minute.
    """
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level="read_committed", **security
        )
        try:
            yield from _records(consumer, TopicPartition(topic, 0))
        finally:
            consumer.close()
    except KafkaError as error:
        raise Unavailable("kafka", f"reading topic {topic} at {bootstrap}: {error}") from error


def _records(consumer: KafkaConsumer, partition: TopicPartition) -> Iterator[TopicRecord]:
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    silent = 0
    while consumer.position(partition) < end:
        found = consumer.poll(timeout_ms=_POLL_MS).get(partition, ())
        silent = 0 if found else silent + 1
        if silent == _SILENT_POLLS:
            raise Unavailable("kafka", f"topic {partition.topic} ends at {end} and sends nothing")
        for record in found:
            if record.offset < end:
                yield TopicRecord(record.offset, record.key, record.value, record.timestamp)
