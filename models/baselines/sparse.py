"""Rows of sparse matrices as numpy arrays, and sums of such rows as dense scores."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ENTRIES = 2_000_000  # worked on at once; a single row may have more


@dataclass(frozen=True, slots=True)
class Rows:
    """A sparse matrix: row r has values[starts[r]:starts[r + 1]] in those columns."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: NDArray[np.float64]

    def taken(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the entries of rows [K], one row after the other: position in `rows`, and index of the entry."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        owner = np.repeat(np.arange(rows.size), lengths)
        before = np.cumsum(lengths) - lengths
        return owner, np.arange(owner.size) + np.repeat(self.starts[rows] - before, lengths)

    def totals(self) -> NDArray[np.float64]:
        """Return the sum of each row."""
        before = np.concatenate([[0.0], np.cumsum(self.values)])
        sums: NDArray[np.float64] = before[self.starts[1:]] - before[self.starts[:-1]]
        return sums


def pair_counts(rows: NDArray[np.int64], columns: NDArray[np.int64], size: int, width: int) -> Rows:
    """Return how often each (row, column) occurs among the pairs [K]: `size` rows, columns below `width`."""
    pairs, counts = np.unique(rows * width + columns, return_counts=True)
    return Rows(np.searchsorted(pairs // width, np.arange(size + 1)), pairs % width, counts.astype(np.float64))


def weighted_sums(
    matrix: Rows,
    chosen: NDArray[np.int64],
    weights: NDArray[np.float64],
    into: NDArray[np.int64],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """Return dense sums `shape`: row into[k] gets weights[k] times the matrix's row chosen[k]."""
    sums = np.zeros(shape[0] * shape[1])
    entries = np.cumsum(matrix.starts[chosen + 1] - matrix.starts[chosen])
    cuts = [0, *(np.flatnonzero(np.diff(entries // _ENTRIES)) + 1).tolist(), chosen.size]
    for start, end in pairwise(cuts):
        owner, entry = matrix.taken(chosen[start:end])
        flat = into[start:end][owner] * shape[1] + matrix.columns[entry]
        sums += np.bincount(flat, matrix.values[entry] * weights[start:end][owner], sums.size)
    return sums.reshape(shape)
