"""Reads Kafka topics as far as they go now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition

from udfs.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SILENT_MS = 20_000


class Record(NamedTuple):
    """A record as Kafka had it."""

    key: bytes | None
    value: bytes | None
    ts_ms: int


def read_topic(bootstrap: str, topic: str, security: Mapping[str, Any]) -> Iterator[Record]:
    """Yield the records of all partitions up to their present ends, each partition in its order.

    Raises:
        Unavailable: the topic is not there, or nothing comes for 20 s before its end.
        kafka.errors.KafkaError: the brokers cannot be reached or refuse.
    """
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=_SILENT_MS, **security)
    try:
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        if not partitions:
            raise Unavailable("kafka", f"there is no topic {topic}")
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        starts = consumer.beginning_offsets(partitions)
        ends = {part: end for part, end in consumer.end_offsets(partitions).items() if end > starts[part]}
        for record in consumer if ends else ():
            part = TopicPartition(record.topic, record.partition)
            if part in ends:
                yield Record(record.key, record.value, record.timestamp)
                if record.offset + 1 >= ends[part]:
                    del ends[part]
            if not ends:
                return
        if ends:
            raise Unavailable("kafka", f"topic {topic} was silent for {_SILENT_MS // 1000} s before its end")
    finally:
        consumer.close()
