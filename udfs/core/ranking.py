"""The ranking pass: eligible -> score -> top of the list -> explore -> constrain, the same bits in any batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from udfs.core.constraints import constrain
from udfs.core.seeded import uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from udfs.core.policy import Policy, Scores
    from udfs.core.policy_table import Coefficients

_SCORE_UNITS = 2.0**30
"""Scores are compared in steps of 1e-9, below any difference that matters and above the rounding of a sqrt."""
_NUMBER_BITS = 16
MAX_ACTIVITIES = 1 << _NUMBER_BITS
"""More cannot be told apart in a sort key."""
_INELIGIBLE = np.iinfo(np.int64).min
_SCORE_LIMIT = 2.0**46


class Ranked(NamedTuple):
    """Lists of U users: activity numbers [U, k] (-1: no more), how many were eligible, bit per explored slot."""

    order: NDArray[np.int64]
    eligible: NDArray[np.int64]
    explored: NDArray[np.int64]


def rank(
    policy: Policy,
    known: Coefficients,
    x: NDArray[np.int8],
    mask: NDArray[np.bool_],
    seeds: NDArray[np.uint64],
    list_size: int,
    exploration: float,
) -> Ranked:
    """Return each user's list from his context x [U, DIM] and the activities he may be shown, mask [U, K].

    Each slot holds the best of the remaining activities with probability 1 - exploration, else one of them at random;
    `explored` marks the slots that do not hold the best. Ties go to the lower activity number, so to the lower id.
    """
    eligible = mask.sum(axis=1)
    keys = _keys(policy.score(x, known, eligible, seeds), mask)
    order = _best(keys, min(list_size, keys.shape[1]))
    explored = np.zeros(eligible.size, np.int64)
    if exploration > 0.0:
        _explore(order, explored, keys, eligible, seeds, exploration)
    return Ranked(constrain(order), eligible, explored)


def _keys(scores: Scores, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return one whole number per user and activity: higher is better, no two alike in a row."""
    total = np.clip((scores.mean + scores.bonus) * _SCORE_UNITS, -_SCORE_LIMIT, _SCORE_LIMIT)
    keys = np.rint(total).astype(np.int64) << _NUMBER_BITS
    keys |= (1 << _NUMBER_BITS) - 1 - np.arange(keys.shape[1])
    keys[~mask] = _INELIGIBLE
    return keys


def _best(keys: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the numbers [U, count] of the highest keys in falling order, -1 where no eligible one is left."""
    if count < keys.shape[1]:
        keys = np.partition(keys, keys.shape[1] - count, axis=1)[:, -count:]
    top = np.sort(keys, axis=1)[:, ::-1]
    return np.where(top == _INELIGIBLE, -1, (1 << _NUMBER_BITS) - 1 - (top & ((1 << _NUMBER_BITS) - 1)))


def _explore(
    order: NDArray[np.int64],
    explored: NDArray[np.int64],
    keys: NDArray[np.int64],
    eligible: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    exploration: float,
) -> None:
    """Replace, in place, the slots that the seed sends exploring; about one list in six at 2 % and 10 slots."""
    slots = order.shape[1]
    tosses = uniform(seeds, slots)
    tosses[np.arange(slots) >= eligible[:, None]] = 1.0
    exploring = np.flatnonzero((tosses < exploration).any(axis=1))
    picks = uniform(seeds[exploring], slots, stream=1).tolist()
    for at, row in enumerate(exploring.tolist()):
        best = [number for number in order[row].tolist() if number >= 0]
        others = np.ones(keys.shape[1], np.bool_)
        others[best] = False
        others &= keys[row] != _INELIGIBLE
        # The best in their order, then all others in any fixed order: a uniform draw needs no more.
        remaining = best + np.flatnonzero(others).tolist()
        for slot in np.flatnonzero(tosses[row] < exploration).tolist():
            pick = slot + int(picks[at][slot] * (len(remaining) - slot))
            if pick != slot:
                remaining.insert(slot, remaining.pop(pick))
                explored[row] |= 1 << slot
        order[row, : len(best)] = remaining[: len(best)]
