"""Reads the topic of pushes and has each record delivered; commits what is done, and tells how it goes."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka.errors import CommitFailedError, KafkaError, RebalanceInProgressError
from kafka.structs import OffsetAndMetadata

from tideline.schemas.codec import encode_event
from tideline.schemas.errors import InvalidRecord, Reason, Unavailable
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import Origin, dead_letter_headers
from tideline.scripts.sending.delivery import Ending, Fate
from tideline.udfs.core.push.push_record import decode_push
from tideline.udfs.settings.build import BUILD_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from kafka import TopicPartition

    from tideline.schemas.topics import Topics
    from tideline.scripts.sending.delivery import Delivery
    from tideline.udfs.core.push.push_record import PushRecord

NAME = "push_sender"
REFUSED = "refused"
"""A record that is none."""
_POLL_MS = 200
_ACKNOWLEDGED_S = 60.0


class Reports:
    """Tells the job and the operators of what was not sent: an event that gives room back, a dead letter with why."""

    def __init__(self, producer: Any, topics: Topics) -> None:
        """Take a producer of Kafka."""
        self._producer, self._topics = producer, topics

    def not_sent(self, record: Any, push: PushRecord, fate: Fate, said: str) -> None:
        """Write that a message did not reach its user; it is written when this returns.

        Raises:
            Unavailable: no broker takes it.
        """
        self._send(self._topics.clickstream, push.user_id.encode(), encode_event(failure_of(push, fate)))
        if fate is Fate.FAILED:
            self.refused(InvalidRecord(Reason.PUSH_FAILED, said), record)

    def refused(self, error: InvalidRecord, record: Any) -> None:
        """Write a record of the topic of pushes as a dead letter; raises as `not_sent`."""
        origin = Origin(record.topic, record.partition, record.offset, record.timestamp)
        headers = dead_letter_headers(error, origin, NAME, BUILD_ID)
        self._send(self._topics.dead_letters, record.key, record.value, headers)

    def _send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        try:
            sent = self._producer.send(topic, key=key, value=value, headers=list(headers))
            sent.get(timeout=_ACKNOWLEDGED_S)
        except KafkaError as error:
            raise Unavailable("kafka", f"topic {topic} takes nothing: {type(error).__name__}") from error


def failure_of(record: PushRecord, fate: Fate) -> Event:
    """Return the event that says that a message was not sent; `category` says why."""
    now_ms = time.time_ns() // 1_000_000
    event = Event(record.push_id, record.user_id, EventType.PUSH_FAILED, now_ms, category=fate.value)
    return event._replace(activity_id=record.activity_id)


class Pace(NamedTuple):
    """How many records are looked at together, how many at once, and how often a line is told of it."""

    together: int = 100
    at_once: int = 8
    told_every_s: float = 10.0


_PACE = Pace()


class Courier:
    """One sender; others beside it take other partitions, and claims keep them apart where they take the same."""

    def __init__(
        self,
        consumer: Any,
        delivery: Delivery,
        reports: Reports,
        tell: Callable[[str, int], None],
        metrics: Path | None = None,
        pace: Pace = _PACE,
    ) -> None:
        """Take a consumer that is subscribed; `tell` says a line, `metrics` is a file for Prometheus."""
        self._consumer, self._delivery, self._reports = consumer, delivery, reports
        self._tell, self._metrics, self._pace = tell, metrics, pace
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._told_s = self._began_s = time.monotonic()

    def run(self, is_over: Callable[[], bool]) -> None:
        """Read and deliver until it is over or delivery ends; what has begun then is finished, and committed.

        Raises:
            Unavailable: Kafka or Redis does not answer.
        """
        with ThreadPoolExecutor(self._pace.at_once) as pool:
            try:
                while not (self._delivery.is_ending or is_over()):
                    found = self._consumer.poll(timeout_ms=_POLL_MS, max_records=self._pace.together)
                    if found:
                        self._batch(pool, found)
                    if time.monotonic() - self._told_s >= self._pace.told_every_s:
                        self._report()
            finally:
                self._delivery.end()
                self._report()

    def behind(self) -> int:
        """Return how many records of its partitions were not looked at, as far as the brokers have told."""
        consumer, left = self._consumer, 0
        for partition in consumer.assignment():
            end = consumer.highwater(partition)
            left += max(end - consumer.position(partition), 0) if end is not None else 0
        return left

    def is_at_end(self) -> bool:
        """Return whether all that is in its partitions by now was looked at; False while it has none."""
        partitions = self._consumer.assignment()
        ends = self._consumer.end_offsets(partitions) if partitions else {}
        return bool(ends) and all(self._consumer.position(each) >= end for each, end in ends.items())

    def _batch(self, pool: ThreadPoolExecutor, found: Mapping[TopicPartition, Sequence[Any]]) -> None:
        given = [(partition, record) for partition, records in found.items() for record in records]
        waiting = [(partition, record, pool.submit(self._one, record)) for partition, record in given]
        done: dict[TopicPartition, int] = {}
        stuck: set[TopicPartition] = set()
        failed: BaseException | None = None
        for partition, record, future in waiting:
            error = future.exception()
            if error is not None:
                failed = failed or error
                self._delivery.end()
            if error is not None or not future.result():
                stuck.add(partition)
            if partition not in stuck:
                done[partition] = record.offset + 1
        self._commit(done)
        if failed is not None:
            raise failed

    def _one(self, record: Any) -> bool:
        """Return whether a record is done with."""
        try:
            push = decode_push(record.value)
        except InvalidRecord as error:
            self._reports.refused(error, record)
            self._count(REFUSED)
            return True
        try:
            fate = self._delivery.deliver(push, lambda fate, said: self._reports.not_sent(record, push, fate, said))
        except Ending:
            return False
        self._count(fate.value)
        return True

    def _count(self, name: str) -> None:
        with self._lock:
            self.counts[name] += 1

    def _commit(self, done: Mapping[TopicPartition, int]) -> None:
        if not done:
            return
        try:
            self._consumer.commit({each: OffsetAndMetadata(offset, "", -1) for each, offset in done.items()})
        except (CommitFailedError, RebalanceInProgressError) as error:
            # somebody else has these partitions by now: he reads the records again, and claims none of them
            self._tell(f"not committed: {str(error).partition('.')[0]}", logging.WARNING)

    def _report(self) -> None:
        self._told_s = time.monotonic()
        with self._lock:
            counts = Counter(self.counts)
        behind = self.behind()
        self._tell(line_of(counts, behind), logging.INFO)
        if self._metrics is not None:
            written = self._metrics.with_name(f"{self._metrics.name}.new")
            written.write_text(exposition(counts, behind, self._told_s - self._began_s))
            written.replace(self._metrics)


def line_of(counts: Mapping[str, int], behind: int) -> str:
    """Return a line of how many records became what.

    >>> line_of({"sent": 12, "withheld": 1_300}, 5)
    '1,312 read, 5 waiting: 12 sent, 1,300 withheld'
    """
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    return f"{sum(counts.values()):,} read, {behind:,} waiting{': ' if told else ''}{told}"


def exposition(counts: Mapping[str, int], behind: int, seconds: float) -> str:
    """Return the same as Prometheus reads it, every fate with its number."""
    names = [*(fate.value for fate in Fate), REFUSED]
    return "".join(
        [
            "# HELP tideline_push_records_total Records of the topic of pushes, by what became of them.\n",
            "# TYPE tideline_push_records_total counter\n",
            *(f'tideline_push_records_total{{fate="{name}"}} {counts.get(name, 0)}\n' for name in names),
            "# HELP tideline_push_waiting Records that were not looked at yet.\n",
            "# TYPE tideline_push_waiting gauge\n",
            f"tideline_push_waiting {behind}\n",
            "# HELP tideline_push_seconds How long this sender has run.\n",
            "# TYPE tideline_push_seconds gauge\n",
            f"tideline_push_seconds {seconds:.0f}\n",
        ]
    )
