"""Scores as sort keys: one whole number per user and activity, higher is better, no two alike in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.counter_random import shuffled, unshuffled
from tideline.udfs.core.policies.base import in_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBER_BITS = 16
"""A key is a score's steps, shifted by so many bits, and below them the activity's place among equal scores."""
MAX_ACTIVITIES = 1 << NUMBER_BITS
"""More cannot be told apart in a sort key."""
INELIGIBLE = np.iinfo(np.int64).min
_GROUP = 32
_MANY = 1000
"""Above so many activities the best are sought in groups first."""


def sort_keys(scores: NDArray[np.float64], mask: NDArray[np.bool_], ties: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Return the keys of scores [U, K], which it overwrites; INELIGIBLE outside the mask."""
    keys = in_steps(scores).astype(np.int64)
    keys <<= NUMBER_BITS
    keys |= shuffled(ties, np.arange(mask.shape[1], dtype=np.uint16))
    np.copyto(keys, INELIGIBLE, where=~mask)
    return keys


def highest(keys: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the highest `count` keys of each row in falling order, INELIGIBLE where no more are eligible."""
    if keys.shape[1] > max(_MANY, _GROUP * count):
        keys = _contenders(keys, count)
    if count < keys.shape[1]:
        keys = np.partition(keys, keys.shape[1] - count, axis=1)[:, -count:]
    return np.sort(keys, axis=1)[:, ::-1]


def numbers_of(keys: NDArray[np.int64], ties: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Return the activity number of each key; for INELIGIBLE any."""
    return unshuffled(ties, (keys & (MAX_ACTIVITIES - 1)).astype(np.uint16)).astype(np.int64)


def best(keys: NDArray[np.int64], count: int, ties: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Return the numbers [U, count] of the highest keys in falling order, -1 where no eligible one is left."""
    top = highest(keys, count)
    return np.where(top == INELIGIBLE, -1, numbers_of(top, ties))


def _contenders(keys: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return few keys of each row [U, m], the `count` highest among them; the rest is filled with INELIGIBLE.

    At least `count` groups have a highest key from the `count`-th of these on, so no key below that is among the best.
    """
    groups = keys.shape[1] // _GROUP
    highest_of = keys[:, : groups * _GROUP].reshape(-1, _GROUP, groups).max(axis=1)
    least = np.partition(highest_of, groups - count, axis=1)[:, groups - count, None]
    row, column = np.nonzero(keys >= least)
    sizes = np.bincount(row, minlength=keys.shape[0])
    found = np.full((keys.shape[0], max(int(sizes.max()), count)), INELIGIBLE)
    found[row, np.arange(row.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)] = keys[row, column]
    return found
