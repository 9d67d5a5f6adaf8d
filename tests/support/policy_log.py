"""A policy topic in memory."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tideline.udfs.core.policies.policy_start import TopicRecord


class MemoryLog:
    """Records by rising offset; not every offset needs one. It notes how many records were read."""

    def __init__(self, records: Sequence[TopicRecord], end: int | None = None) -> None:
        self._records = list(records)
        self._offsets = [record.offset for record in records]
        self.begin = self._offsets[0] if records else 0
        self.end = end or (self._offsets[-1] + 1 if records else 0)
        self.read = 0

    def offset_at(self, timestamp_ms: int) -> int:
        """Return the first offset with that timestamp or a later one, the end where there is none."""
        found = (record.offset for record in self._records if record.timestamp_ms >= timestamp_ms)
        return next(found, self.end)

    def records(self, start: int, stop: int) -> Iterator[TopicRecord]:
        """Yield the records with an offset in start..stop-1."""
        for record in self._records[bisect_left(self._offsets, start) : bisect_left(self._offsets, stop)]:
            self.read += 1
            yield record
