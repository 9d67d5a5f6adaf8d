"""The ranking pass: eligible -> score -> top of the list -> explore -> constrain, the same bits in any batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import shuffle_keys, shuffled, uniform, unshuffled
from tideline.udfs.core.policies.base import in_steps
from tideline.udfs.core.ranking.constraints import constrain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts, Policy
    from tideline.udfs.core.policies.policy_table import Coefficients

_NUMBER_BITS = 16
MAX_ACTIVITIES = 1 << _NUMBER_BITS
"""More cannot be told apart in a sort key."""
_INELIGIBLE = np.iinfo(np.int64).min
_SCORED_AT_ONCE = 1 << 22
_KEYED_AT_ONCE = 1 << 17
"""Scores of a block of users: a product wants many users at once, what follows wants to stay in the cache."""
_GROUP = 32
_MANY = 1000
"""Above so many activities the best are sought in groups first."""


class Ranked(NamedTuple):
    """Lists of U users: activity numbers [U, k] (-1: no more), how many were eligible, bit per explored slot."""

    order: NDArray[np.int64]
    eligible: NDArray[np.int64]
    explored: NDArray[np.int64]


def rank(
    policy: Policy,
    known: Coefficients,
    contexts: Contexts,
    mask: NDArray[np.bool_],
    seeds: NDArray[np.uint64],
    list_size: int,
    exploration: float,
) -> Ranked:
    """Return each user's list from his context and the activities he may be shown, mask [U, K].

    Each slot holds the best of the remaining activities with probability 1 - exploration, else one of them at random;
    `explored` marks the slots that do not hold the best. Equal scores are ordered by the decision's seed, each order
    as likely as any other.
    """
    eligible = mask.sum(axis=1)
    ties = shuffle_keys(seeds)
    order = np.empty((eligible.size, min(list_size, mask.shape[1])), np.int64)
    for part in _parts(slice(0, eligible.size), _SCORED_AT_ONCE, mask.shape[1]):
        mean, bonus = policy.score(contexts.part(part), known, eligible[part], seeds[part])
        for small in _parts(part, _KEYED_AT_ONCE, mask.shape[1]):
            at = slice(small.start - part.start, small.stop - part.start)
            keys = _keys(mean[at] + bonus[at], mask[small], ties[small])
            order[small] = _best(keys, order.shape[1], ties[small])
    explored = np.zeros(eligible.size, np.int64)
    if exploration > 0.0:
        _explore(order, explored, mask, eligible, seeds, exploration)
    return Ranked(constrain(order), eligible, explored)


def rank_scores(
    scores: NDArray[np.float64],
    mask: NDArray[np.bool_],
    seeds: NDArray[np.uint64],
    list_size: int,
    exploration: float,
) -> Ranked:
    """Return what `rank` does for scores [U, K] that are known, which it overwrites."""
    eligible = mask.sum(axis=1)
    ties = shuffle_keys(seeds)
    order = _best(_keys(scores, mask, ties), min(list_size, mask.shape[1]), ties)
    explored = np.zeros(eligible.size, np.int64)
    if exploration > 0.0:
        _explore(order, explored, mask, eligible, seeds, exploration)
    return Ranked(constrain(order), eligible, explored)


def _parts(users: slice, at_once: int, activities: int) -> list[slice]:
    """Return the users in pieces of at most `at_once` scores, of one user at least."""
    size = max(at_once // max(activities, 1), 1)
    return [slice(start, min(start + size, users.stop)) for start in range(users.start, users.stop, size)]


def propensities(
    policy: Policy, known: Coefficients, contexts: Contexts, mask: NDArray[np.bool_], exploration: float
) -> NDArray[np.float64]:
    """Return the probability [U, K] with which `rank` puts each activity into the first slot, over all seeds."""
    eligible = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    found: NDArray[np.float64] = (1.0 - exploration) * policy.chances(
        contexts, known, mask
    ) + exploration * mask / eligible
    return found


def _keys(scores: NDArray[np.float64], mask: NDArray[np.bool_], ties: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Return one whole number per user and activity: higher is better, no two alike in a row. Overwrites scores."""
    keys = in_steps(scores).astype(np.int64)
    keys <<= _NUMBER_BITS
    keys |= shuffled(ties, np.arange(mask.shape[1], dtype=np.uint16))
    np.copyto(keys, _INELIGIBLE, where=~mask)
    return keys


def _best(keys: NDArray[np.int64], count: int, ties: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Return the numbers [U, count] of the highest keys in falling order, -1 where no eligible one is left."""
    if keys.shape[1] > max(_MANY, _GROUP * count):
        keys = _contenders(keys, count)
    if count < keys.shape[1]:
        keys = np.partition(keys, keys.shape[1] - count, axis=1)[:, -count:]
    top = np.sort(keys, axis=1)[:, ::-1]
    numbers = unshuffled(ties, (top & (MAX_ACTIVITIES - 1)).astype(np.uint16))
    return np.where(top == _INELIGIBLE, -1, numbers.astype(np.int64))


def _contenders(keys: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return few keys of each row [U, m], the `count` highest among them; the rest is filled with _INELIGIBLE.

    At least `count` groups have a highest key from the `count`-th of these on, so no key below that is among the best.
    """
    groups = keys.shape[1] // _GROUP
    highest = keys[:, : groups * _GROUP].reshape(-1, _GROUP, groups).max(axis=1)
    least = np.partition(highest, groups - count, axis=1)[:, groups - count, None]
    row, column = np.nonzero(keys >= least)
    sizes = np.bincount(row, minlength=keys.shape[0])
    found = np.full((keys.shape[0], max(int(sizes.max()), count)), _INELIGIBLE)
    found[row, np.arange(row.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)] = keys[row, column]
    return found


def _explore(
    order: NDArray[np.int64],
    explored: NDArray[np.int64],
    mask: NDArray[np.bool_],
    eligible: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    exploration: float,
) -> None:
    """Replace, in place, the slots that the seed sends exploring; about one list in six at 2 % and 10 slots."""
    slots = order.shape[1]
    tosses = uniform(seeds, slots)
    tosses[np.arange(slots) >= eligible[:, None]] = 1.0
    exploring = np.flatnonzero(tosses.min(axis=1, initial=1.0) < exploration)
    tails_of, tails = np.nonzero(tosses[exploring] < exploration)
    picks = uniform(seeds[exploring], slots, stream=1)[tails_of, tails]
    unlisted = np.zeros((exploring.size, mask.shape[1] + 1), np.bool_)
    unlisted[:, :-1] = mask[exploring]
    listed = order[exploring]
    unlisted[np.arange(exploring.size)[:, None], listed] = False  # -1, no activity, is the place to spare
    others = np.flatnonzero(unlisted)
    ends = np.cumsum(unlisted.sum(axis=1)).tolist()
    starts = [0, *ends]
    # Lists of numbers, all rows converted at once: 0.6 us a user less than reading and writing arrays row by row.
    counts = np.minimum(eligible[exploring], slots).tolist()
    fronts = [row[:count] for row, count in zip(listed.tolist(), counts, strict=True)]
    bits = [0] * exploring.size
    for at, slot, share in zip(tails_of.tolist(), tails.tolist(), picks.tolist(), strict=True):
        # The best in their order, then all others in any order: a uniform draw needs no more.
        front = fronts[at]
        pick = slot + int(share * (len(front) + ends[at] - starts[at] - slot))
        if pick == slot:
            continue
        bits[at] |= 1 << slot
        if pick < len(front):
            front.insert(slot, front.pop(pick))
            continue
        place = starts[at] + pick - len(front)
        front.insert(slot, others.item(place) % unlisted.shape[1])
        ends[at] -= 1
        others[place] = others[ends[at]]
    explored[exploring] = bits
    lists = [front[:count] + [-1] * (slots - count) for front, count in zip(fronts, counts, strict=True)]
    order[exploring] = np.array(lists, np.int64).reshape(exploring.size, slots)
