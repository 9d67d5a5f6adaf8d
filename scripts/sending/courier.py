"""Reads the topic of pushes and has each record delivered in its turn; commits what is done, and tells how it goes.

It goes on reading while records wait, so that nobody takes it for gone and no campaign waits behind another's; up to
`Pace.together` of them are held. A record counts as done once it is known what became of it, in whatever order; what is
committed is up to where all are.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka.errors import CommitFailedError, RebalanceInProgressError
from kafka.structs import OffsetAndMetadata

from tideline.schemas.errors import InvalidRecord
from tideline.scripts.sending.delivery import Ending, Fate
from tideline.scripts.sending.held import Held
from tideline.scripts.sending.parked import Waiting
from tideline.scripts.sending.reports import REFUSED, exposition, line_of
from tideline.udfs.core.push.push_record import decode_push

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from kafka import TopicPartition

    from tideline.scripts.sending.delivery import Delivery
    from tideline.scripts.sending.parked import Parked
    from tideline.scripts.sending.reports import Reports

_POLL_MS, _POLL_S = 200, 0.05
_COMMIT_S, _LOOK_S = 0.5, 0.5


class Pace(NamedTuple):
    """How many records are held together, how many are handed over at once, and how often a line is told of it."""

    together: int = 5_000
    at_once: int = 8
    told_every_s: float = 10.0


_PACE = Pace()


class Courier:
    """One sender; others beside it take other partitions, and claims keep them apart where they take the same."""

    def __init__(
        self,
        consumer: Any,
        delivery: Delivery,
        parked: Parked,
        reports: Reports,
        tell: Callable[[str, int], None],
        pace: Pace = _PACE,
    ) -> None:
        """Take a consumer that is subscribed; `tell` says a line."""
        self._consumer, self._delivery, self._parked, self._reports = consumer, delivery, parked, reports
        self._tell, self._pace = tell, pace
        self.counts: Counter[str] = Counter()
        self.page = exposition(self.counts, 0, 0.0)
        self._told_s = self._began_s = time.monotonic()
        self._polled_s = self._committed_s = self._looked_s = 0.0
        self._held: dict[TopicPartition, Held] = {}
        self._back: SimpleQueue[tuple[Held, int, Future[str]]] = SimpleQueue()
        self._failed: BaseException | None = None
        self._in_hands = 0
        self._is_full = False

    def run(self, is_over: Callable[[], bool]) -> None:
        """Read and deliver until it is over or delivery ends; what has begun then is finished, and committed.

        Raises:
            Unavailable: Kafka or Redis does not answer.
        """
        with ThreadPoolExecutor(self._pace.at_once) as hands:
            try:
                while not (self._delivery.is_ending or is_over()):
                    self._read(hands)
                    self._look(hands)
                    self._hand_over(hands)
                    self._take_back()
                    self._commit(_COMMIT_S)
                    if time.monotonic() - self._told_s >= self._pace.told_every_s:
                        self._report()
            finally:
                self._delivery.end()
                self._end()
        if self._failed is not None:
            raise self._failed

    def behind(self) -> int:
        """Return how many records of its partitions nobody has in hand yet, as far as the brokers have told."""
        consumer, left = self._consumer, len(self._parked)
        for partition in consumer.assignment():
            end = consumer.highwater(partition)
            left += max(end - consumer.position(partition), 0) if end is not None else 0
        return left

    def is_at_end(self) -> bool:
        """Return whether all that is in its partitions by now is done with; False while it has none."""
        if self._in_hands or len(self._parked):
            return False
        partitions = self._consumer.assignment()
        ends = self._consumer.end_offsets(partitions) if partitions else {}
        return bool(ends) and all(self._consumer.position(each) >= end for each, end in ends.items())

    def _read(self, hands: ThreadPoolExecutor) -> None:
        """Take what is there, while there is room; ask Kafka all the same where there is none."""
        if len(self._parked) and time.monotonic() - self._polled_s < _POLL_S:
            return
        room = self._pace.together - len(self._parked) - self._in_hands
        if room <= 0:
            self._is_full = True
        elif room >= self._pace.together // 4:
            self._is_full = False
        assigned = self._consumer.assignment()
        (self._consumer.pause if self._is_full else self._consumer.resume)(*assigned)
        wait_ms = 0 if len(self._parked) else _POLL_MS
        found = self._consumer.poll(timeout_ms=wait_ms, max_records=max(room, 1))
        self._polled_s = time.monotonic()
        self._let_go(self._consumer.assignment())
        for partition, records in found.items():
            for record in records:
                self._begin(partition, record, hands)

    def _let_go(self, assigned: set[TopicPartition]) -> None:
        for partition in self._held.keys() - assigned:
            self._parked.drop(self._held.pop(partition))

    def _begin(self, partition: TopicPartition, record: Any, hands: ThreadPoolExecutor) -> None:
        held = self._held.get(partition)
        if held is None or held.is_behind(record.offset):  # it was taken away and given anew meanwhile
            if held is not None:
                self._parked.drop(held)
            held = self._held[partition] = Held()
        held.begin(record.offset)
        try:
            push = decode_push(record.value)
        except InvalidRecord as error:
            self._give(hands, held, record.offset, partial(self._refused, error, record))
            return
        fate = self._delivery.nobodys(push)
        if fate is None:
            self._parked.add(Waiting(record, push, held))
        else:
            self.counts[fate.value] += 1
            held.done(record.offset)

    def _look(self, hands: ThreadPoolExecutor) -> None:
        """Pass over what waits in vain."""
        if len(self._parked) and time.monotonic() - self._looked_s >= _LOOK_S:
            self._looked_s = time.monotonic()
            for waiting, fate in self._parked.passed(time.time_ns() // 1_000_000):
                self._give(hands, waiting.held, waiting.record.offset, self._job(waiting, fate))

    def _hand_over(self, hands: ThreadPoolExecutor) -> None:
        while self._in_hands < self._pace.at_once and not self._delivery.is_ending:
            found = self._parked.due()
            if found is None:
                return
            waiting, fate = found
            if fate is Fate.CLAIMED:
                self.counts[fate.value] += 1
                waiting.held.done(waiting.record.offset)
            else:
                self._give(hands, waiting.held, waiting.record.offset, self._job(waiting, None))

    def _job(self, waiting: Waiting, fate: Fate | None) -> Callable[[], str]:
        record, push = waiting.record, waiting.push

        def tell(fate: Fate, said: str) -> None:
            self._reports.not_sent(record, push, fate, said)

        if fate is None:
            return lambda: self._delivery.deliver(push, tell).value
        return lambda: self._delivery.pass_over(push, fate, tell).value

    def _refused(self, error: InvalidRecord, record: Any) -> str:
        self._reports.refused(error, record)
        return REFUSED

    def _give(self, hands: ThreadPoolExecutor, held: Held, offset: int, job: Callable[[], str]) -> None:
        self._in_hands += 1
        hands.submit(job).add_done_callback(lambda future: self._back.put((held, offset, future)))

    def _take_back(self) -> None:
        """Take note of what hands have done; where nobody can begin anything, wait a little for one."""
        wait_s = 0.0
        if len(self._parked):
            next_s = self._parked.next_s() if self._in_hands < self._pace.at_once else float("inf")
            wait_s = min(next_s - time.monotonic(), _POLL_S)
        while True:
            try:
                self._note(*(self._back.get(timeout=wait_s) if wait_s > 0.0 else self._back.get_nowait()))
            except Empty:
                return
            wait_s = 0.0

    def _note(self, held: Held, offset: int, future: Future[str]) -> None:
        self._in_hands -= 1
        error = future.exception()
        if error is None:
            self.counts[future.result()] += 1
            held.done(offset)
        elif not isinstance(error, Ending):
            self._failed = self._failed or error
            self._delivery.end()

    def _end(self) -> None:
        """Finish what has begun, and commit what is done."""
        while self._in_hands:
            self._note(*self._back.get())
        self._commit(0.0)
        self._report()

    def _commit(self, every_s: float) -> None:
        if time.monotonic() - self._committed_s < every_s:
            return
        self._committed_s = time.monotonic()
        upto = {partition: offset for partition, held in self._held.items() if (offset := held.to_commit()) is not None}
        if not upto:
            return
        try:
            self._consumer.commit({each: OffsetAndMetadata(offset, "", -1) for each, offset in upto.items()})
        except (CommitFailedError, RebalanceInProgressError) as error:
            # somebody else has these partitions by now: he reads the records again, and claims none of them
            self._tell(f"not committed: {str(error).partition('.')[0]}", logging.WARNING)
            return
        for partition, offset in upto.items():
            self._held[partition].committed(offset)

    def _report(self) -> None:
        self._told_s = time.monotonic()
        behind = self.behind()
        self._tell(line_of(self.counts, behind), logging.INFO)
        self.page = exposition(self.counts, behind, self._told_s - self._began_s)
