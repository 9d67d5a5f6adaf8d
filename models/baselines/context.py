"""What stands before a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences


def lengths_before(data: Sequences, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many events of its sequence stand before each of rows [B]."""
    sequence = np.searchsorted(data.starts, rows, side="right") - 1
    lengths: NDArray[np.int64] = rows - data.starts[sequence]
    return lengths


def items_before(data: Sequences, rows: NDArray[np.int64], back: int) -> NDArray[np.int64]:
    """Return the items [B, back] of the events before rows [B], newest first; -1 past the start and where unknown."""
    age = np.arange(back)
    at = np.maximum(rows[:, None] - 1 - age, 0)
    return np.where(age < lengths_before(data, rows)[:, None], data.item[at], -1)


def all_items_before(data: Sequences, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return position in rows [B] and item of every event before them that has a known item."""
    lengths = lengths_before(data, rows)
    owner = np.repeat(np.arange(rows.size), lengths)
    nth = np.arange(owner.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    item = data.item[(rows - lengths)[owner] + nth]
    return owner[item >= 0], item[item >= 0]
