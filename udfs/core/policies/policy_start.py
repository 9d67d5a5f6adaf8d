"""What a ranker reads of the policy topic at its start: the newest rows, from the end of the topic backwards.

The learner publishes each row again at least every 10 minutes of its work, so the last 10 minutes of work hold a row
of every activity, however old the topic is. Work, not time: it publishes where there is feedback, and not while it is
down, so a pause between two records is at most one publish interval of work. What rules cost, and what is known
of messages, is published without feedback too, when no row has its turn: that is no work.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tideline.udfs.core.policies.arm_key import COSTS_KEY, PRIOR_ID, PUSH_KEY, decode_row_key
from tideline.udfs.core.policies.fence import is_claim

if TYPE_CHECKING:
    from collections.abc import Iterable

WORK_MS = 600_000
"""So much of the learner's work is needed."""
_READ_MS = 900_000
"""Time that is read first; then twice that before it, and so on."""
_STEPS = 8
_KEPT_OF_A_KEY = 65
_KEPT_ROWS = 20_000
"""Former rows serve to score a recent decision again; each costs time to decode."""


class TopicRecord(NamedTuple):
    """A record of a topic with one partition."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    """Its Kafka timestamp."""


class Log(Protocol):
    """A topic with one partition, as it is now."""

    begin: int
    end: int
    """Offset of its first record, and one more than that of its last."""

    def offset_at(self, timestamp_ms: int) -> int:
        """Return the first offset with that timestamp or a later one, `end` where there is none."""

    def records(self, start: int, stop: int) -> Iterable[TopicRecord]:
        """Return the records with an offset in start..stop-1, rising."""


class PolicyStart(NamedTuple):
    """The newest records of each key, by rising offset."""

    records: list[TopicRecord]
    end: int
    """One more than the last offset they stand for."""
    newest_ms: int
    """Latest timestamp of all that was read."""
    whole: bool
    """No record before them is left out, but for more than a table keeps."""
    complete: bool = True
    """No row that counts can be missing: each offset that was read had a record, as far back as all are renewed."""


class Publication:
    """Rows of arms wait for the prior that ends their publication, so that no list is made from a part of it.

    >>> publication = Publication()
    >>> [len(publication.ended(TopicRecord(at, key, b"", 0))) for at, key in enumerate((b"3|tea-10", b"3|*", b"costs"))]
    [0, 2, 1]
    """

    def __init__(self) -> None:
        self._waiting: list[TopicRecord] = []

    def ended(self, record: TopicRecord) -> list[TopicRecord]:
        """Return the records that may be applied now, in their order; none where this one waits for a prior."""
        self._waiting.append(record)
        key = decode_row_key(record.key)
        if key is not None and key.arm.activity_id != PRIOR_ID and len(self._waiting) < _KEPT_ROWS:
            return []
        found, self._waiting = self._waiting, []
        return found


def read_start(log: Log, publish_ms: int, pinned: int | None = None) -> PolicyStart:
    """Return what a table needs to be as of the end of the topic, or of a pinned offset.

    `publish_ms` is the learner's publish interval.
    """
    end = log.end if pinned is None else min(log.end, pinned + 1)
    found = _Found(publish_ms)
    span_ms, start = _READ_MS, end
    for _ in range(_STEPS):
        last = last_record(log, start)
        if last is None:
            start = log.begin
            break
        before = max(log.begin, min(log.offset_at(last.timestamp_ms - span_ms), last.offset))
        found.put_before(log.records(before, start))
        start = before
        if found.work_ms >= WORK_MS or start <= log.begin:
            break
        span_ms *= 2
    else:
        found.put_before(log.records(log.begin, start))
        start = log.begin
    if start > log.begin and not found.has_prior():
        found.put_before(log.records(log.begin, start))
        start = log.begin
    gapless = found.count == end - start
    far_enough = start == 0 or found.work_ms >= WORK_MS
    return PolicyStart(found.newest(), end, found.newest_ms, start == 0 and gapless, gapless and far_enough)


def last_record(log: Log, stop: int, *, claims: bool = True) -> TopicRecord | None:
    """Return the last record before an offset: not every offset has one. Without `claims` the last that is none."""
    back = 1
    while stop > log.begin:
        start = max(log.begin, stop - back)
        records = [each for each in log.records(start, stop) if claims or not is_claim(each.key)]
        if records:
            return records[-1]
        stop, back = start, 2 * back
    return None


class _Found:
    """Records by key, collected in pieces from the newest to the oldest."""

    def __init__(self, publish_ms: int) -> None:
        self.work_ms, self.newest_ms, self.count = 0, 0, 0
        self._by_key: dict[bytes, deque[TopicRecord]] = {}
        self._next_ms: int | None = None
        self._publish_ms = publish_ms

    def put_before(self, records: Iterable[TopicRecord]) -> None:
        """Take in the piece that stands right before what is there."""
        piece: dict[bytes, deque[TopicRecord]] = {}
        first_ms = last_ms = None
        for record in records:
            key, now_ms = record.key or b"", record.timestamp_ms
            mine = piece.get(key)
            if mine is None:
                piece[key] = mine = deque(maxlen=_KEPT_OF_A_KEY)
            mine.append(record)
            self.count += 1
            self.newest_ms = max(self.newest_ms, now_ms)
            if key in (COSTS_KEY, PUSH_KEY) or is_claim(key):
                continue
            if last_ms is None:
                first_ms = last_ms = now_ms
            elif now_ms != last_ms:
                self.work_ms += min(max(now_ms - last_ms, 0), self._publish_ms)
                last_ms = now_ms
        for key, older in piece.items():
            older.extend(self._by_key.get(key, ()))
            self._by_key[key] = older
        if first_ms is None or last_ms is None:
            return
        if self._next_ms is not None:
            self.work_ms += min(max(self._next_ms - last_ms, 0), self._publish_ms)
        self._next_ms = first_ms

    def has_prior(self) -> bool:
        """Return whether some encoder's prior is there, the last record of each publication."""
        found = map(decode_row_key, self._by_key)
        return any(key.arm.activity_id == PRIOR_ID for key in found if key is not None)

    def newest(self) -> list[TopicRecord]:
        """Return what is kept of each key, by rising offset."""
        kept = max(1, _KEPT_ROWS // max(len(self._by_key), 1))
        found = [record for mine in self._by_key.values() for record in list(mine)[-kept:]]
        return sorted(found, key=lambda record: record.offset)
