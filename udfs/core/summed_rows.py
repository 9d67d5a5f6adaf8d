"""Sums that are told apart by a first number: whole rows added up, in any order the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def summed(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows [N, 1 + k] added up by their first number, which rises.

    >>> summed(np.array([[7, 1, 2], [3, 5, 0], [7, 1, 1]])).tolist()
    [[3, 5, 0], [7, 2, 3]]
    """
    if not rows.shape[0]:
        return rows
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    first = np.flatnonzero(np.diff(rows[:, 0], prepend=rows[0, 0] - 1))
    found: NDArray[np.int64] = np.add.reduceat(rows, first, axis=0)
    found[:, 0] = rows[first, 0]
    return found
