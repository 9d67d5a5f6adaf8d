"""Writing to and reading from Kafka topics of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from tests.support.oracle import Recorded
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def produce(bootstrap: str, topic: str, messages: Iterable[tuple[bytes | None, bytes | None]]) -> int:
    """Write the messages and wait until the broker has them all; return how many."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5, max_request_size=2_000_000)
    try:
        sent = [producer.send(topic, key=key, value=value) for key, value in messages]
        for each in sent:
            each.get(timeout=PATIENCE_S)
    finally:
        producer.close()
    return len(sent)


def produce_at(bootstrap: str, topic: str, records: Iterable[tuple[bytes | None, bytes | None, int]]) -> None:
    """Write records with timestamps of their own (ms), to a topic that keeps these."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    for key, value, at_ms in records:
        producer.send(topic, key=key, value=value, timestamp_ms=at_ms)
    producer.flush(PATIENCE_S)
    producer.close()


def cut(bootstrap: str, topic: str, offset: int) -> None:
    """Let a compacted topic with one partition lose what is older than an offset, as years would."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"cleanup.policy": "compact,delete"})])
    admin.delete_records({TopicPartition(topic, 0): offset})
    admin.close()


def read_all(bootstrap: str, topic: str, since: Mapping[int, int] | None = None) -> list[Recorded]:
    """Return the records of all partitions up to their ends as of now, from the offsets in `since` (else from 0)."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level="read_committed")
    try:
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, (since or {}).get(partition.partition, 0))
        ends = consumer.end_offsets(partitions)
        found: list[Recorded] = []
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for batch in consumer.poll(timeout_ms=1000).values():
                found += [_recorded(record) for record in batch if record.offset < ends[_place(record)]]
    finally:
        consumer.close()
    return sorted(found, key=lambda record: (record.partition, record.offset))


def _place(record: Any) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _recorded(record: Any) -> Recorded:
    return Recorded(
        record.partition, record.offset, record.key, record.value, record.timestamp, tuple(record.headers or ())
    )
