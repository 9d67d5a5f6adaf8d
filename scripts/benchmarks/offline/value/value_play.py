"""One ranker in one world: slice by slice it ranks, visitors look and click, it learns. Needs numpy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.worlds.value_world import Response

NONE = -1


class Truth(NamedTuple):
    """The V visits of a world, by time, and what visitors would do with what they see."""

    visitor: NDArray[np.int64]
    """[V] rows of the responses."""
    visit_ms: NDArray[np.int64]
    slices: tuple[NDArray[np.int64], ...]
    """Visits that are served with what was learned before any of them."""
    responses: tuple[Response, ...]
    """By rising `from_ms`; the first one holds from the beginning."""
    looked_at: tuple[float, ...]
    """By position, the chance that an entry there is looked at; as many positions are seen."""
    fatigue: float
    """What is left of the chance of a click each time the user has seen the activity before."""

    def response_at(self, visits: NDArray[np.int64]) -> Response:
        """Return what holds for visits of one slice: that of the first."""
        ts_ms = int(self.visit_ms[visits[0]])
        return next((each for each in reversed(self.responses) if each.from_ms <= ts_ms), self.responses[0])


class Shown(NamedTuple):
    """What some visitors saw and did: arrays [visits, positions]."""

    visits: NDArray[np.int64]
    """[visits] numbers of the stage's visits."""
    order: NDArray[np.int64]
    """Activity in each position, NONE where there was none."""
    clicked: NDArray[np.bool_]
    converted: NDArray[np.bool_]
    revenue: NDArray[np.float64]
    """Of a conversion."""


class Ranker(Protocol):
    """Who ranks; it learns from nothing but what it showed."""

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the activities [visits, positions] for visits of one slice, NONE where no more may be shown.

        `seen` [visits, K] is how often each visitor has seen each activity.
        """

    def learn(self, shown: Shown) -> None:
        """Take in what came of a slice."""


class Played(NamedTuple):
    """Entries shown and expected clicks of each visit, in their order."""

    impressions: NDArray[np.int64]
    clicks: NDArray[np.float64]


def play(truth: Truth, ranker: Ranker, seed: int) -> Played:
    """Return what came of all visits: clicks as the truth expects them, while the ranker learns from drawn ones.

    What is drawn at a visit is the same for all rankers.
    """
    looked = np.array(truth.looked_at)
    draws = np.random.default_rng([seed, 4]).random((truth.visitor.size, looked.size, 3))
    seen = np.zeros(truth.responses[0].click.shape, np.int64)
    impressions, clicks = np.zeros(truth.visitor.size, np.int64), np.zeros(truth.visitor.size)
    for visits in truth.slices:
        who = truth.visitor[visits]
        order = ranker.order(visits, seen[who])
        there = order != NONE
        response = truth.response_at(visits)
        rows = who[:, None]
        chance = np.where(there, response.click[rows, order] * truth.fatigue ** seen[rows, order], 0.0)
        impressions[visits], clicks[visits] = there.sum(axis=1), (looked * chance).sum(axis=1)
        looks, likes, buys = np.moveaxis(draws[visits], 2, 0)
        clicked = (looks < looked) & (likes < chance)
        share = response.conversion[rows, order] / np.maximum(response.click[rows, order], 1e-12)
        ranker.learn(Shown(visits, order, clicked, clicked & (buys < share), response.revenue[rows, order]))
        np.add.at(seen, (np.broadcast_to(rows, order.shape)[there], order[there]), 1)
    return Played(impressions, clicks)


def best_first(scores: NDArray[np.float64], may: NDArray[np.bool_], positions: int) -> NDArray[np.int64]:
    """Return the activities [visits, positions] with the highest scores [visits, K] among those that may be shown.

    Of equal scores the first comes first; NONE where no more may be shown.
    """
    masked = np.where(may, scores, -np.inf)
    order = np.argsort(-masked, axis=1, kind="stable")[:, :positions]
    found = np.full((len(masked), positions), NONE)
    found[:, : order.shape[1]] = np.where(np.take_along_axis(may, order, axis=1), order, NONE)
    return found
