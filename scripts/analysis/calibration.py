"""Predicted beside seen reward in ten bins of equal size, of a log that need not be in memory.

Where bins end is found digit by digit of the sort keys, as in a radix sort: rows that agree in the digits so far are
counted by the next 16 bits, until so few are left at an end that they can be sorted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tideline.scripts.analysis.figures import DecisionLog

_BINS = 10
_BITS, _DIGITS = 16, 4
_FEW = 100_000
_SIGN = np.uint64(1 << 63)


class _Keys(NamedTuple):
    """Rows of a part whose prediction is known."""

    columns: NDArray[np.uint64]
    """Prediction, time and place in the file, each rising as the order by it does [COLUMNS, N]."""
    predicted: NDArray[np.float64]
    seen: NDArray[np.float64]

    @classmethod
    def of(cls, log: DecisionLog) -> _Keys:
        rows = np.flatnonzero(np.isfinite(log.predicted))
        bits = (log.predicted[rows] + 0.0).view(np.uint64)  # -0.0 is 0.0
        rising = np.where(bits & _SIGN, ~bits, bits | _SIGN)
        columns = np.stack([rising, log.ts_ms[rows].astype(np.uint64), log.row[rows].astype(np.uint64)])
        return cls(columns, log.predicted[rows], log.reward[rows])


class _Group(NamedTuple):
    """Rows that agree in the first columns of their keys, and in the first digits of the next one."""

    settled: tuple[int, ...] = ()
    value: int = 0
    digits: int = 0

    def among(self, columns: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return its rows' keys."""
        found = columns
        for at, value in enumerate(self.settled):
            found = found[:, found[at] == np.uint64(value)]
        if self.digits:
            shift = np.uint64(_BITS * (_DIGITS - self.digits))
            found = found[:, found[len(self.settled)] >> shift == np.uint64(self.value)]
        return found

    def next_digits(self, columns: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return how many of its rows have which next digit."""
        shift = np.uint64(_BITS * (_DIGITS - 1 - self.digits))
        digit = (self.among(columns)[len(self.settled)] >> shift) & np.uint64((1 << _BITS) - 1)
        return np.bincount(digit.astype(np.int64), minlength=1 << _BITS)

    def part(self, digit: int) -> _Group:
        """Return those with a next digit."""
        value = self.value << _BITS | digit
        if self.digits + 1 < _DIGITS:
            return self._replace(value=value, digits=self.digits + 1)
        return _Group((*self.settled, value))


def calibration(parts: Iterable[DecisionLog], few: int = _FEW) -> dict[str, Any]:
    """Return predicted and seen reward in ten bins of equal size, and the mean distance between them.

    Where predictions are equal the order is that of time, then of the file. So many rows as `few` are sorted at once
    for each end of a bin.
    """
    rows = sum(int(np.isfinite(log.predicted).sum()) for log in parts)
    if rows < _BINS:
        return {"bins": [], "error": None}
    sizes = [rows // _BINS + (at < rows % _BINS) for at in range(_BINS)]
    ends = _rows_at(parts, (np.cumsum(sizes)[:-1] - 1).tolist(), few)
    sums: list[tuple[float, ...]] = []
    for log in parts:
        keys = _Keys.of(log)
        bin_of = np.zeros(keys.seen.size, np.int64)
        for end in ends:
            bin_of += _behind(keys.columns, end)
        of_bins = [np.flatnonzero(bin_of == at) for at in range(_BINS)]
        sums.append(tuple(float(each[at].sum()) for at in of_bins for each in (keys.predicted, keys.seen)))
    total = [math.fsum(each) for each in zip(*sums, strict=True)]
    bins = [
        {"predicted": total[2 * at] / size, "seen": total[2 * at + 1] / size, "rows": size}
        for at, size in enumerate(sizes)
    ]
    error = sum(abs(each["predicted"] - each["seen"]) * each["rows"] for each in bins) / rows
    return {"bins": bins, "error": round(error, 6)}


def _behind(columns: NDArray[np.uint64], end: Sequence[int]) -> NDArray[np.bool_]:
    """Return which rows come behind another in the order."""
    found = np.zeros(columns.shape[1], np.bool_)
    for column, value in zip(columns[::-1], end[::-1], strict=True):
        found = (column > np.uint64(value)) | ((column == np.uint64(value)) & found)
    return found


def _rows_at(parts: Iterable[DecisionLog], places: Sequence[int], few: int) -> list[tuple[int, ...]]:
    """Return the keys of the rows at rising places in the order of all."""
    open_groups: dict[_Group, list[int]] = {_Group(): list(places)}
    small: dict[_Group, list[int]] = {}
    while open_groups:
        counts = [np.zeros(1 << _BITS, np.int64) for _ in open_groups]
        for log in parts:
            columns = _Keys.of(log).columns
            for count, group in zip(counts, open_groups, strict=True):
                count += group.next_digits(columns)
        split: dict[_Group, list[int]] = defaultdict(list)
        for count, (group, wanted) in zip(counts, open_groups.items(), strict=True):
            upto = np.cumsum(count)
            for place in wanted:
                digit = int(np.searchsorted(upto, place, side="right"))
                of = small if count[digit] <= few else split
                of.setdefault(group.part(digit), []).append(place - int(upto[digit] - count[digit]))
        open_groups = split
    return sorted(_sorted_at(parts, small))


def _sorted_at(parts: Iterable[DecisionLog], small: dict[_Group, list[int]]) -> list[tuple[int, ...]]:
    found: dict[_Group, list[NDArray[np.uint64]]] = {group: [] for group in small}
    for log in parts:
        columns = _Keys.of(log).columns
        for group, its in found.items():
            its.append(group.among(columns))
    ends = []
    for group, places in small.items():
        columns = np.concatenate(found[group], axis=1)
        order = np.lexsort(columns[::-1])
        ends += [tuple(columns[:, order[place]].tolist()) for place in places]
    return ends
