"""The ranking pass: eligible -> score -> position by position, under the list's rules; explored is what they allow.

The same bits in any batch. Nothing may change a list after it: a token states the probabilities of this pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import shuffle_keys, uniform
from tideline.udfs.core.ranking.filling import fill
from tideline.udfs.core.ranking.sort_keys import best, sort_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts, Policy
    from tideline.udfs.core.policies.policy_table import Coefficients
    from tideline.udfs.core.ranking.list_form import ListForm

_SCORED_AT_ONCE = 1 << 22
_KEYED_AT_ONCE = 1 << 17
"""Scores of a block of users: a product wants many users at once, what follows wants to stay in the cache."""


class Ranked(NamedTuple):
    """Lists of U users: activity numbers [U, k] (-1: no more), how many were eligible, bit per explored position."""

    order: NDArray[np.int64]
    eligible: NDArray[np.int64]
    explored: NDArray[np.int64]
    feasible: NDArray[np.int64]
    """How many the list's rules left for each position [U, k], given those above; without rules [U, 0]."""
    acted: NDArray[np.int64]
    """Classes of rules of which a value reached its limit [U], see rule_tables.py; 0: `feasible` says nothing new."""


def rank(
    policy: Policy,
    known: Coefficients,
    contexts: Contexts,
    mask: NDArray[np.bool_],
    seeds: NDArray[np.uint64],
    form: ListForm,
) -> Ranked:
    """Return each user's list from his context and the activities he may be shown, mask [U, K].

    Each position holds the best of the remaining activities with probability 1 - exploration, else one of them at
    random; `explored` marks the positions that do not hold the best. With rules those remain that they allow there, see
    filling.py. Equal scores are ordered by the decision's seed, each order as likely as any other.
    """
    lists = _Lists.empty(mask, seeds, form)
    for part in _parts(slice(0, seeds.size), _SCORED_AT_ONCE, mask.shape[1]):
        mean, bonus = policy.score(contexts.part(part), known, lists.eligible[part], seeds[part])
        for small in _parts(part, _KEYED_AT_ONCE, mask.shape[1]):
            at = slice(small.start - part.start, small.stop - part.start)
            lists.take(small, sort_keys(mean[at] + bonus[at], mask[small], lists.ties[small]))
    return lists.ranked()


def rank_scores(
    scores: NDArray[np.float64], mask: NDArray[np.bool_], seeds: NDArray[np.uint64], form: ListForm
) -> Ranked:
    """Return what `rank` does for scores [U, K] that are known, which it overwrites."""
    lists = _Lists.empty(mask, seeds, form)
    lists.take(slice(0, seeds.size), sort_keys(scores, mask, lists.ties))
    return lists.ranked()


class _Lists(NamedTuple):
    """Lists in the making, block by block of users."""

    mask: NDArray[np.bool_]
    seeds: NDArray[np.uint64]
    form: ListForm
    ties: NDArray[np.uint16]
    order: NDArray[np.int64]
    eligible: NDArray[np.int64]
    explored: NDArray[np.int64]
    feasible: NDArray[np.int64]
    acted: NDArray[np.int64]

    @classmethod
    def empty(cls, mask: NDArray[np.bool_], seeds: NDArray[np.uint64], form: ListForm) -> _Lists:
        """Return them before the first block."""
        users, positions = seeds.size, min(form.size, mask.shape[1])
        explored, acted = np.zeros((2, users), np.int64)
        feasible = np.zeros((users, positions if form.rules else 0), np.int64)
        order = np.empty((users, positions), np.int64)
        return cls(mask, seeds, form, shuffle_keys(seeds), order, mask.sum(axis=1), explored, feasible, acted)

    def take(self, users: slice, keys: NDArray[np.int64]) -> None:
        """Make the lists of some users from their sort keys."""
        if not self.form.rules:
            self.order[users] = best(keys, self.order.shape[1], self.ties[users])
            return
        filled = fill(keys, self.ties[users], self.eligible[users], self.seeds[users], self.form)
        self.order[users], self.explored[users], self.feasible[users], self.acted[users] = filled

    def ranked(self) -> Ranked:
        """Return them; without rules they explore only now, all users at once."""
        if self.form.exploration > 0.0 and not self.form.rules:
            _explore(self.order, self.explored, self.mask, self.eligible, self.seeds, self.form.exploration)
        return Ranked(self.order, self.eligible, self.explored, self.feasible, self.acted)


def _parts(users: slice, at_once: int, activities: int) -> list[slice]:
    """Return the users in pieces of at most `at_once` scores, of one user at least."""
    size = max(at_once // max(activities, 1), 1)
    return [slice(start, min(start + size, users.stop)) for start in range(users.start, users.stop, size)]


def propensities(
    policy: Policy, known: Coefficients, contexts: Contexts, mask: NDArray[np.bool_], exploration: float
) -> NDArray[np.float64]:
    """Return the probability [U, K] with which `rank` puts each activity into the first position, over all seeds."""
    eligible = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    found: NDArray[np.float64] = (1.0 - exploration) * policy.chances(
        contexts, known, mask
    ) + exploration * mask / eligible
    return found


def _unlisted(mask: NDArray[np.bool_], listed: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
    """Return what each list could hold and does not, row * (activities + 1) + number, and where each row's ends."""
    unlisted = np.zeros((len(mask), mask.shape[1] + 1), np.bool_)
    unlisted[:, :-1] = mask
    unlisted[np.arange(len(mask))[:, None], listed] = False  # -1, no activity, is the place to spare
    return np.flatnonzero(unlisted), np.cumsum(unlisted.sum(axis=1)).tolist()


def _explore(
    order: NDArray[np.int64],
    explored: NDArray[np.int64],
    mask: NDArray[np.bool_],
    eligible: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    exploration: float,
) -> None:
    """Replace, in place, the positions that the seed sends exploring; about one list in six at 2 % and 10 positions."""
    positions = order.shape[1]
    tosses = uniform(seeds, positions)
    tosses[np.arange(positions) >= eligible[:, None]] = 1.0
    exploring = np.flatnonzero(tosses.min(axis=1, initial=1.0) < exploration)
    if not exploring.size:
        return
    tails_of, tails = np.nonzero(tosses[exploring] < exploration)
    picks = uniform(seeds[exploring], positions, stream=1)[tails_of, tails]
    listed = order[exploring]
    others, ends = _unlisted(mask[exploring], listed)
    starts, width = [0, *ends], mask.shape[1] + 1
    # Lists of numbers, all rows converted at once: 0.6 us a user less than reading and writing arrays row by row.
    counts = np.minimum(eligible[exploring], positions).tolist()
    fronts = [row[:count] for row, count in zip(listed.tolist(), counts, strict=True)]
    bits = [0] * exploring.size
    for at, position, share in zip(tails_of.tolist(), tails.tolist(), picks.tolist(), strict=True):
        # The best in their order, then all others in any order: a uniform draw needs no more.
        front = fronts[at]
        pick = position + int(share * (len(front) + ends[at] - starts[at] - position))
        if pick == position:
            continue
        bits[at] |= 1 << position
        if pick < len(front):
            front.insert(position, front.pop(pick))
            continue
        place = starts[at] + pick - len(front)
        front.insert(position, others.item(place) % width)
        ends[at] -= 1
        others[place] = others[ends[at]]
    explored[exploring] = bits
    lists = [front[:count] + [-1] * (positions - count) for front, count in zip(fronts, counts, strict=True)]
    order[exploring] = np.array(lists, np.int64).reshape(exploring.size, positions)
