"""Sums and quantiles over rows that need not be in memory together: to the last digit what numpy has of all at once.

What is said of rows comes from a function of some of them, `rows` [n], a stretch of numbers that rise by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

AT_ONCE = 65_536
"""Rows that are in memory together at most."""
CLUSTERS_AT_ONCE = 1 << 20
_BUFFER = 8192
"""Elements of numpy's buffers: both above are multiples."""
_BITS, _DIGITS = 16, 4
_SIGN = np.uint64(1 << 63)


class Memory(Protocol):
    """Where columns as long as a log are."""

    def room(self, shape: tuple[int, ...], kind: type) -> NDArray[Any]:
        """Return an array of zeros."""

    def forget(self) -> None:
        """Let columns that are on disk leave memory until they are asked for again."""


class InMemory:
    """Columns in memory, for good."""

    def room(self, shape: tuple[int, ...], kind: type) -> NDArray[Any]:
        """See Memory."""
        return np.zeros(shape, kind)

    def forget(self) -> None:
        """See Memory."""


IN_MEMORY = InMemory()


def stretches(count: int, memory: Memory, size: int | None = None) -> Iterator[NDArray[np.int64]]:
    """Yield so many rows from 0 on, some at a time: AT_ONCE where no size is given."""
    size = size or AT_ONCE
    for start in range(0, count, size):
        yield np.arange(start, min(start + size, count))
        memory.forget()


def folded(parts: Iterable[Sequence[NDArray[Any]]]) -> NDArray[np.float64]:
    """Return the sum of each column, `column.sum()` to the last digit; all parts but the last have whole buffers.

    Numpy adds the sums of its buffers, one after the other.
    """
    total: Any = 0.0
    for columns in parts:
        for start in range(0, columns[0].size, _BUFFER):
            total = total + np.array([each[start : start + _BUFFER].sum() for each in columns], np.float64)
    return np.asarray(total, np.float64)


def summed(
    count: int, memory: Memory, of_rows: Callable[[NDArray[np.int64]], Sequence[NDArray[Any]]]
) -> NDArray[np.float64]:
    """Return the sum over `count` rows of each of the columns that `of_rows` returns."""
    return folded(of_rows(rows) for rows in stretches(count, memory))


class ClusterSums(NamedTuple):
    """`np.bincount(cluster, values)` of `clusters` numbers, CLUSTERS_AT_ONCE at a time, as often as it is asked for."""

    clusters: int
    cluster: NDArray[np.int64]
    memory: Memory
    of_rows: Callable[[NDArray[np.int64]], NDArray[Any]]

    def parts(self) -> Iterator[NDArray[np.float64]]:
        """Yield the sums by rising cluster; values are added row by row, as numpy does."""
        for first in range(0, self.clusters, CLUSTERS_AT_ONCE):
            found = np.zeros(min(CLUSTERS_AT_ONCE, self.clusters - first))
            for rows in stretches(self.cluster.size, self.memory):
                place, values = self.cluster[rows] - first, self.of_rows(rows)
                if self.clusters > CLUSTERS_AT_ONCE:
                    mine = (place >= 0) & (place < found.size)
                    place, values = place[mine], values[mine]
                np.add.at(found, place, values)
            yield found

    def sums(self, of: Callable[[NDArray[np.float64]], Sequence[NDArray[np.float64]]]) -> NDArray[np.float64]:
        """Return the sum over clusters of each column that `of` makes of their sums."""
        return folded(of(each) for each in self.parts())


def quantiles(
    count: int, memory: Memory, of_rows: Callable[[NDArray[np.int64]], NDArray[np.float64]], shares: Sequence[float]
) -> list[float]:
    """Return `np.quantile` of a column without NaN: linear between the values at two places."""
    at = [share * (count - 1) for share in shares]
    places = sorted({each for place in at for each in (int(place), min(int(place) + 1, count - 1))})
    value = dict(zip(places, _values_at(count, memory, of_rows, places), strict=True))
    found = []
    for place in at:
        low, high = value[int(place)], value[min(int(place) + 1, count - 1)]
        part = place - int(place)
        found.append(high - (high - low) * (1.0 - part) if part >= 0.5 else low + (high - low) * part)
    return found


def _values_at(
    count: int,
    memory: Memory,
    of_rows: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    places: Sequence[int],
) -> list[float]:
    """Return the values at rising places of a column in order, found digit by digit as in a radix sort."""
    groups = [(0, place) for place in places]  # the digits so far, and the place among values that begin with them
    for digit in range(_DIGITS):
        shift = np.uint64(_BITS * (_DIGITS - 1 - digit))
        counts = {prefix: np.zeros(1 << _BITS, np.int64) for prefix, _ in groups}
        for rows in stretches(count, memory):
            keys = _rising(of_rows(rows)) >> shift
            for prefix, its in counts.items():
                some = keys[keys >> np.uint64(_BITS) == np.uint64(prefix)] if digit else keys
                its += np.bincount((some & np.uint64((1 << _BITS) - 1)).astype(np.int64), minlength=1 << _BITS)
        upto = {prefix: np.cumsum(its) for prefix, its in counts.items()}
        found = []
        for prefix, place in groups:
            at = int(np.searchsorted(upto[prefix], place, side="right"))
            found.append((prefix << _BITS | at, place - int(upto[prefix][at] - counts[prefix][at])))
        groups = found
    keys = np.array([prefix for prefix, _ in groups], np.uint64)
    values: list[float] = np.where(keys & _SIGN, keys ^ _SIGN, ~keys).view(np.float64).tolist()
    return values


def _rising(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return whole numbers that are in the order of the values."""
    bits = (values + 0.0).view(np.uint64)  # -0.0 is 0.0
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)
