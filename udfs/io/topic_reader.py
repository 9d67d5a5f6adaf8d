"""Reads topics as they are at the moment of the call."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError, RetriableError

from tideline.schemas.errors import Unavailable
from tideline.udfs.core.policies.policy_start import TopicRecord, last_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tideline.udfs.io.kafka_cluster import KafkaCluster

    Progress = Callable[[int, int], None]

_POLL_MS = 500
_SILENT_POLLS = 60
_KNOWN_WITHIN_MS = 10_000
_TOLD_EVERY = 100_000
_PAUSE_S = 0.2


class PartitionLog:
    """A partition between the offsets that were its ends when it was opened; see policy_start.Log."""

    def __init__(self, consumer: Any, partition: TopicPartition, begin: int, end: int) -> None:
        self._consumer, self._partition = consumer, partition
        self.number: int = partition.partition
        self.begin, self.end = begin, end

    def offset_at(self, timestamp_ms: int) -> int:
        """Return the first offset with that timestamp or a later one, `end` where there is none."""
        found = self._consumer.offsets_for_times({self._partition: max(timestamp_ms, 0)})[self._partition]
        return self.end if found is None else int(found.offset)

    def records(self, start: int, stop: int) -> Iterator[TopicRecord]:
        """Yield the committed records with an offset in start..stop-1.

        Raises:
            Unavailable: the broker sends nothing for half a minute.
        """
        for record in self._fetched(start, stop):
            yield TopicRecord(record.offset, record.key, record.value, record.timestamp)

    def with_headers(self, start: int, stop: int) -> Iterator[tuple[TopicRecord, dict[str, str]]]:
        """Yield the same records, each with its headers as text; raises as `records`."""
        for record in self._fetched(start, stop):
            headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
            yield TopicRecord(record.offset, record.key, record.value, record.timestamp), headers

    def _fetched(self, start: int, stop: int) -> Iterator[Any]:
        """The range is over when the position is: its last offsets may be a transaction's marker, or compacted."""
        consumer, partition = self._consumer, self._partition
        if start >= stop:
            return
        if consumer.assignment() != {partition}:
            consumer.assign([partition])
        consumer.seek(partition, start)
        silent = 0
        while consumer.position(partition) < stop:
            found = consumer.poll(timeout_ms=_POLL_MS).get(partition, ())
            silent = 0 if found else silent + 1
            if silent == _SILENT_POLLS:
                raise Unavailable("kafka", f"topic {partition.topic} ends at {stop} and sends nothing")
            yield from (record for record in found if record.offset < stop)


@contextmanager
def opened(cluster: KafkaCluster, topic: str) -> Iterator[list[PartitionLog]]:
    """Yield the topic's partitions by number, with their ends as of now.

    Raises:
        Unavailable: no broker answers, it refuses, or there is no such topic.
    """
    with cluster.consumer(f"reading topic {topic}", f"Read on topic {topic}") as consumer:
        partitions = [TopicPartition(topic, number) for number in _numbers(consumer, topic)]
        begins, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        yield [PartitionLog(consumer, each, begins[each], ends[each]) for each in partitions]


def _numbers(consumer: Any, topic: str) -> list[int]:
    if found := consumer.partitions_for_topic(topic):
        return sorted(found)
    try:
        # The list of all topics leaves out those that the login may not see; this one is told why.
        consumer.end_offsets([TopicPartition(topic, 0)], timeout_ms=_KNOWN_WITHIN_MS)
    except KafkaTimeoutError as error:
        raise Unavailable("kafka", f"there is no topic {topic}; make it with scripts/topics") from error
    return sorted(consumer.partitions_for_topic(topic) or {0})


def read_topic(cluster: KafkaCluster, topic: str, progress: Progress | None = None) -> Iterator[TopicRecord]:
    """Yield every committed record below the ends found at the start, one partition after the other.

    `progress` is told each 100,000 records how many offsets are done, of how many.

    Raises:
        Unavailable: no broker answers, it refuses or sends nothing for half a minute, or there is no such topic.
    """
    with opened(cluster, topic) as logs:
        total, before = sum(log.end - log.begin for log in logs), 0
        for log in logs:
            for record in log.records(log.begin, log.end):
                yield record
                if progress is not None and (record.offset + 1) % _TOLD_EVERY == 0:
                    progress(before + record.offset + 1 - log.begin, total)
            before += log.end - log.begin


def topic_size(cluster: KafkaCluster, topic: str) -> int:
    """Return how many offsets a topic has, at least as many as records; raises as `read_topic`."""
    with opened(cluster, topic) as logs:
        return sum(log.end - log.begin for log in logs)


def read_last(cluster: KafkaCluster, topic: str) -> TopicRecord | None:
    """Return the last record of partition 0 that is no claim, None where there is none; raises as `read_topic`."""
    with opened(cluster, topic) as logs:
        return last_record(logs[0], logs[0].end, claims=False)


def group_offsets(cluster: KafkaCluster, group: str) -> dict[TopicPartition, int]:
    """Return where a group has read to.

    Raises:
        Unavailable: no broker answers, or one refuses.
    """
    deadline = time.monotonic() + cluster.patience_s
    with cluster.admin(f"reading the offsets of group {group}", f"Read on group {group}") as admin:
        while True:
            try:
                found = admin.list_group_offsets(group).get(group, {})
            except RetriableError:  # a broker that nobody has asked for a group before makes a topic first
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return {partition: offset.offset for partition, offset in found.items() if offset.offset >= 0}


def topic_ends(cluster: KafkaCluster, topic: str) -> dict[int, int]:
    """Return one more than the last offset of each partition; raises as `read_topic`."""
    with opened(cluster, topic) as logs:
        return {log.number: log.end for log in logs}


def last_records(cluster: KafkaCluster, topic: str) -> dict[int, TopicRecord | None]:
    """Return the last record of each partition, None where there is none; raises as `read_topic`."""
    with opened(cluster, topic) as logs:
        return {log.number: last_record(log, log.end) for log in logs}


def record_ranges(cluster: KafkaCluster, topic: str) -> dict[int, tuple[int, int]]:
    """Return by partition where it begins and one more than the offset of its last record; raises as `read_topic`.

    What lies behind that record is no record: the end of a transaction has an offset too.
    """
    with opened(cluster, topic) as logs:
        lasts = {log.number: last_record(log, log.end) for log in logs}
        return {log.number: (log.begin, last.offset + 1 if (last := lasts[log.number]) else log.begin) for log in logs}
