"""Reads a single-partition topic, as it is at the moment of the call."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from tideline.schemas.errors import Unavailable
from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord, last_record, read_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_POLL_MS = 500
_SILENT_POLLS = 60
_AT_ONCE = 20_000
_FETCH_BYTES = 1 << 24


class KafkaLog:
    """Partition 0 of a topic between the offsets that were its ends when it was opened; see policy_start.Log."""

    def __init__(self, consumer: KafkaConsumer, topic: str) -> None:
        self._consumer, self._partition = consumer, TopicPartition(topic, 0)
        consumer.assign([self._partition])
        self.begin: int = consumer.beginning_offsets([self._partition])[self._partition]
        self.end: int = consumer.end_offsets([self._partition])[self._partition]

    def offset_at(self, timestamp_ms: int) -> int:
        """Return the first offset with that timestamp or a later one, `end` where there is none."""
        found = self._consumer.offsets_for_times({self._partition: max(timestamp_ms, 0)})[self._partition]
        return self.end if found is None else int(found.offset)

    def records(self, start: int, stop: int) -> Iterator[TopicRecord]:
        """Yield the records with an offset in start..stop-1.

        Raises:
            Unavailable: the broker sends nothing for half a minute.
        """
        consumer, partition = self._consumer, self._partition
        if start >= stop:
            return
        consumer.seek(partition, start)
        silent = 0
        while consumer.position(partition) < stop:
            found = consumer.poll(timeout_ms=_POLL_MS).get(partition, ())
            silent = 0 if found else silent + 1
            if silent == _SILENT_POLLS:
                raise Unavailable("kafka", f"topic {partition.topic} ends at {stop} and sends nothing")
            for record in found:
                if record.offset < stop:
                    yield TopicRecord(record.offset, record.key, record.value, record.timestamp)


@contextmanager
def _opened(bootstrap: str, topic: str, security: Mapping[str, Any]) -> Iterator[KafkaLog]:
    try:
        # The broker checked each batch when it took it, and a checksum in plain Python costs 150 us a row, 40 times
        # what all the rest does.
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
            yield KafkaLog(consumer, topic)
        finally:
            consumer.close()
    except KafkaError as error:
        raise Unavailable("kafka", f"reading topic {topic} at {bootstrap}: {error}") from error


def read_topic(bootstrap: str, topic: str, security: Mapping[str, Any]) -> Iterator[TopicRecord]:
    """Yield every record of partition 0 below the end offset found at the start.

    Raises:
        Unavailable: the broker cannot be reached or sends nothing for half a minute.
    """
    with _opened(bootstrap, topic, security) as log:
        yield from log.records(log.begin, log.end)


def read_policy(
    bootstrap: str, topic: str, security: Mapping[str, Any], publish_ms: int, pinned: int | None = None
) -> PolicyStart:
    """Return the newest rows of the policy topic, or those of a pinned offset; raises as `read_topic`."""
    with _opened(bootstrap, topic, security) as log:
        return read_start(log, publish_ms, pinned)


def read_last(bootstrap: str, topic: str, security: Mapping[str, Any]) -> TopicRecord | None:
    """Return the last record of partition 0, None where there is none; raises as `read_topic`."""
    with _opened(bootstrap, topic, security) as log:
        return last_record(log, log.end)
