"""What clicks and worth lists could have together: sampled lists made again, with a click worth more and more.

What keeps a share of the clicks that could be had is read off these sums at once. So nothing is iterated, and the same
decisions give the same bytes in any order and split.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import shuffle_keys
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.policies.cold_start import scale_with
from tideline.udfs.core.ranking.sort_keys import best, sort_keys
from tideline.udfs.core.rule_costs.steps import expected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.rule_costs.steps import Sample

MORE = (0.0, *(2.0 ** (half // 2) * (math.sqrt(2.0) if half % 2 else 1.0) for half in range(-16, 33)))
"""How much more than by the weights a click is worth, in the scale of scores; behind them come clicks alone."""
PLACES = len(MORE) + 1
ENOUGH = 64
"""So many lists were made again before anything follows from them."""


class Front(NamedTuple):
    """What lists were expected to have, by how much more a click was worth: in millionths, summed over lists."""

    lists: int
    worth: NDArray[np.int64]
    """[PLACES]"""
    clicks: NDArray[np.int64]
    """[PLACES]"""

    def plus(self, other: Front) -> Front:
        """Return the sum of two of the same weights."""
        return Front(self.lists + other.lists, self.worth + other.worth, self.clicks + other.clicks)


class Bonus(NamedTuple):
    """What scores have for exploration [S, K]."""

    of_weights: NDArray[np.float64]
    of_clicks: NDArray[np.float64] | None = None
    """Where a click alone is worth something, one; None where it is the same by any weights."""

    def at(self, more: float, scale: float) -> NDArray[np.float64]:
        """Return what it is where a click is worth so much more and scores are divided by a scale."""
        return self.of_weights if self.of_clicks is None else (self.of_weights + more * self.of_clicks) / scale

    def of_clicks_alone(self) -> NDArray[np.float64]:
        """Return what it is where clicks alone are worth something."""
        return self.of_weights if self.of_clicks is None else self.of_clicks


Fronts = dict[int, Front]
"""By the mark of the weights that worth is of."""


def weights_mark(weights: Weights) -> int:
    """Return the number by which sums know weights, 0..2**53-1."""
    return hash64(",".join(f"{weight + 0.0!r}" for weight in weights)) >> 11  # 1 and -0.0 as 1.0 and 0.0


def front_of(sample: Sample, looked_at: NDArray[np.float64], bonus: Bonus, click: float = 0.0) -> Front:
    """Return what the decisions of a sample could have; a position counts as often as it is looked at [k].

    Each list is the best of what its user may be shown, with the bonus that scores have; `click` is the weight
    of a click as scores are scaled. So clicks alone are what lists for clicks have that explore as widely. What list
    rules and random draws take, they take from all alike.
    """
    mask, ties, positions = sample.masks.final(), shuffle_keys(sample.seeds), sample.order.shape[1]
    worth, clicks = np.zeros(PLACES, np.int64), np.zeros(PLACES, np.int64)
    for place in range(PLACES):
        # One after the other: all at once they would be as many scores as the batch has, thirty times.
        if place == len(MORE):
            scores = sample.clicks + bonus.of_clicks_alone()
        else:
            more = MORE[place]
            scale = scale_with(click, more)
            scores = (sample.mean + more * sample.clicks) / scale + bonus.at(more, scale)
        lists = best(sort_keys(scores, mask, ties), positions, ties)[None]
        worth[place] = expected(sample.mean, lists, looked_at).sum()
        clicks[place] = expected(sample.clicks, lists, looked_at).sum()
    return Front(sample.seeds.size, worth, clicks)


def added(fronts: Mapping[int, Front], more: Mapping[int, Front]) -> Fronts:
    """Return the sums of both, by mark."""
    found = dict(fronts)
    for mark, front in more.items():
        found[mark] = found[mark].plus(front) if mark in found else front
    return found


def summed_front(days: Iterable[Mapping[int, Front]], mark: int) -> Front | None:
    """Return what some days say of lists of some weights together, None where too few were made again."""
    mine = [fronts[mark] for fronts in days if mark in fronts]
    front = reduce(Front.plus, mine) if mine else None
    return front if front is not None and front.lists >= ENOUGH else None


def click_worth(front: Front | None, least: float) -> float:
    """Return how much more a click must be worth for lists to keep a share `least` of the clicks they could have.

    That is the least of MORE at which they do: 0 where they keep it anyway, and where no clicks are expected yet.

    >>> clicks = np.linspace(50, 80, PLACES).astype(np.int64)
    >>> click_worth(Front(100, clicks, clicks), 0.5), click_worth(Front(100, clicks, clicks), 0.99)
    (0.0, 65536.0)
    """
    if front is None or front.clicks[-1] <= 0:
        return 0.0
    needed = least * float(front.clicks[-1])
    reached = front.clicks[:-1] >= needed
    if not reached.any():
        return MORE[-1]
    return MORE[int(reached.argmax())]
