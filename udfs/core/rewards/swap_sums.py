"""What swaps of neighbours in lists add up to: sums over any number of pairs, a part of the users at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.limits import MAX_POSITIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = MAX_POSITIONS - 1
"""From one position to the next."""
_PRIOR_IMPRESSIONS = 20.0


class Pairs(NamedTuple):
    """Neighbours in a list: columns [M] of position, user, weight, and of the upper and the lower entry."""

    position: NDArray[np.int64]
    user: NDArray[np.int64]
    weight: NDArray[np.float64]
    above: NDArray[np.float64]
    below: NDArray[np.float64]
    action_above: NDArray[np.int64]
    action_below: NDArray[np.int64]


class SwapSums:
    """Weighted clicks of both sides of each step, what users add to their spread, and clicks by action and position.

    The variance of a sum of steps needs the products of all that one user adds to them, summed over users: a matrix.
    """

    def __init__(self) -> None:
        self.pairs = np.zeros(STEPS)
        """Weighted number by step."""
        self.clicks = np.zeros(2 * STEPS)
        """Weighted, above at each step, then below at each."""
        self.squares = np.zeros(2 * STEPS)
        self._together = np.zeros((2 * STEPS, 2 * STEPS))
        self._impressions = np.zeros((0, MAX_POSITIONS))
        self._of_actions = np.zeros((0, MAX_POSITIONS))

    def add(self, pairs: Pairs) -> None:
        """Add pairs of users of whom there were none before."""
        self.pairs += np.bincount(pairs.position, pairs.weight, STEPS)
        side = np.concatenate([pairs.position, pairs.position + STEPS])
        clicks = np.concatenate([pairs.weight * pairs.above, pairs.weight * pairs.below])
        self.clicks += np.bincount(side, clicks, 2 * STEPS)
        self.squares += np.bincount(side, np.square(clicks), 2 * STEPS)
        some = np.flatnonzero(clicks > 0.0)
        users, whose = np.unique(np.tile(pairs.user, 2)[some], return_inverse=True)
        of_users = np.bincount(whose * 2 * STEPS + side[some], clicks[some], users.size * 2 * STEPS)
        of_users = of_users.reshape(users.size, 2 * STEPS)
        self._together += of_users.T @ of_users
        at = np.concatenate([pairs.position, pairs.position + 1])
        cell = np.concatenate([pairs.action_above, pairs.action_below]) * MAX_POSITIONS + at
        self._impressions = _added(self._impressions, cell, np.tile(pairs.weight, 2))
        self._of_actions = _added(self._of_actions, cell, clicks)

    def variance(self, share: NDArray[np.float64]) -> float:
        """Return that of a sum of clicks [2 STEPS], each times its share, users being independent with mean 0."""
        return max(float(share @ self._together @ share), 0.0)

    def relevance(self, looked: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the click rate of each action where it is looked at, drawn to that of all.

        `looked` [positions] says how often each is, 0 where that is not known.
        """
        known = np.zeros(MAX_POSITIONS)
        known[: looked.size] = looked
        clicks, impressions = self._of_actions @ (known > 0.0).astype(np.float64), self._impressions @ known
        usual = clicks.sum() / max(float(impressions.sum()), 1.0)
        found: NDArray[np.float64] = (clicks + _PRIOR_IMPRESSIONS * usual) / (impressions + _PRIOR_IMPRESSIONS)
        return found


def _added(sums: NDArray[np.float64], cell: NDArray[np.int64], more: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sums [K, MAX_POSITIONS] with more of some cells, for as many K as there are by then."""
    flat = np.bincount(cell, more, sums.size).astype(np.float64)
    found: NDArray[np.float64] = np.pad(flat, (0, -flat.size % MAX_POSITIONS)).reshape(-1, MAX_POSITIONS)
    found[: len(sums)] += sums
    return found


class StepSums:
    """What was seen below and what would be if all looked on, by step and, after a click, over all steps."""

    def __init__(self) -> None:
        self._sums = np.zeros((STEPS + 1, 5))

    def add(self, pairs: Pairs, relevance: NDArray[np.float64]) -> None:
        """Add pairs of users of whom there were none before.

        Over both orders of a pair, sum w click(c) (1 - relevance(d)) counts the same products as the lists in which c
        is not clicked and d would be if looked at; likewise sum w click(c) relevance(d) and those in which both are.
        """
        neighbour = relevance[pairs.action_below]
        given, seen = pairs.weight * pairs.above, pairs.weight * pairs.below
        self._add(pairs.user, pairs.position, seen * (1.0 - pairs.above), given * (1.0 - neighbour))
        self._add(pairs.user, np.full(pairs.user.size, STEPS), seen * pairs.above, given * neighbour)

    def _add(
        self, user: NDArray[np.int64], step: NDArray[np.int64], seen: NDArray[np.float64], given: NDArray[np.float64]
    ) -> None:
        some = np.flatnonzero((seen > 0.0) | (given > 0.0))
        cells, place = np.unique(user[some] * (STEPS + 1) + step[some], return_inverse=True)
        its_seen, its_given = np.bincount(place, seen[some]), np.bincount(place, given[some])
        products = (its_seen, its_given, its_seen * its_seen, its_seen * its_given, its_given * its_given)
        for at, each in enumerate(products):
            self._sums[:, at] += np.bincount(cells % (STEPS + 1), each, STEPS + 1)

    def of(self, step: int) -> tuple[float, float, float]:
        """Return seen, given, and the variance of seen - (seen / given) given; step STEPS: after a click."""
        seen, given, *products = self._sums[step].tolist()
        value = seen / given if given else 0.0
        return seen, given, max(products[0] - 2.0 * value * products[1] + value * value * products[2], 0.0)
