"""How far a replay is, how fast, and how long it will take yet, by partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.scripts.replays.offsets import Span


class Part(NamedTuple):
    """Of one partition: offsets passed, of how many; a second; seconds left, None where nobody can say."""

    read: int
    records: int
    per_s: float
    left_s: float | None

    def line(self, number: int) -> str:
        """Return it for people."""
        left = "" if self.left_s is None else f", {self.left_s:,.0f} s left"
        return f"partition {number}: {self.read:,} of {self.records:,} records, {self.per_s:,.0f}/s{left}"


class Progress:
    """What was seen of a replay since it is watched. A restart reads again: what was read once is not taken back."""

    def __init__(self, ranges: Mapping[int, Span], now_s: float) -> None:
        """`now_s` is of a clock that only goes forward, as that of `seen`."""
        self._records = {number: span.stop - span.start for number, span in sorted(ranges.items())}
        self._read = dict.fromkeys(self._records, 0)
        self._first: tuple[float, dict[int, int]] | None = None
        self._now_s = now_s

    def seen(self, read: Mapping[int, int], now_s: float) -> None:
        """Take in how many of the offsets of each partition are passed."""
        self._read = {number: max(before, read.get(number, 0)) for number, before in self._read.items()}
        self._now_s = now_s
        if self._first is None:
            self._first = now_s, self._read

    def parts(self) -> dict[int, Part]:
        """Return how far each partition is that has any record."""
        begun_s, first = self._first or (self._now_s, self._read)
        passed_s = self._now_s - begun_s
        return {
            number: _part(self._read[number], records, first[number], passed_s)
            for number, records in self._records.items()
            if records
        }


def _part(read: int, records: int, before: int, passed_s: float) -> Part:
    per_s = (read - before) / passed_s if passed_s > 0 else 0.0
    left = records - read
    return Part(read, records, per_s, 0.0 if not left else left / per_s if per_s else None)
