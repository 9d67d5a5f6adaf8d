"""Who ranks beside the job's policies: chance, one list for all, content alone, and the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.scripts.benchmarks.offline.value.affinities import shares
from tideline.scripts.benchmarks.offline.value.value_play import NONE, best_first

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.value.value_play import Shown
    from tideline.scripts.benchmarks.offline.value.value_stage import Stage

CONTENT_HALF_LIFE = 100.0
_PRIOR_IMPRESSIONS = 50.0
_PRIOR_RATE = 0.03


class Learnless:
    """A ranker that learns nothing."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def learn(self, shown: Shown) -> None:
        """Do nothing."""

    def _best(self, visits: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
        return best_first(scores, self._stage.open[visits], self._stage.positions)


class Random(Learnless):
    """Any order is as likely as any other."""

    def __init__(self, stage: Stage, seed: int) -> None:
        super().__init__(stage)
        self._random = np.random.default_rng([seed, 5])

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Ranker."""
        return self._best(visits, np.asarray(self._random.random(seen.shape)))


class Attainable(Learnless):
    """Knows the chance of each click now; what a list takes from later ones by fatigue it does not weigh."""

    def __init__(self, stage: Stage, kept: NDArray[np.float64] | None = None) -> None:
        """`kept` is the share [K] of each chance that is left once its activity's budget is paid; None: all."""
        super().__init__(stage)
        self._kept = np.ones(stage.open.shape[1]) if kept is None else kept

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Ranker."""
        truth = self._stage.truth
        click = truth.response_at(visits).click[truth.visitor[visits]]
        return self._best(visits, click * self._kept * truth.fatigue**seen)


class PopularBest(Learnless):
    """One order for all, in hindsight: by the mean chance of a click over the visits that could have shown it."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        clicks = np.zeros(stage.open.shape[1])
        for visits in stage.truth.slices:
            response = stage.truth.response_at(visits)
            clicks += (response.click[stage.truth.visitor[visits]] * stage.open[visits]).sum(axis=0)
        self._rates = clicks / np.maximum(stage.open.sum(axis=0), 1)

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Ranker."""
        return self._best(visits, np.broadcast_to(self._rates, seen.shape))


class PopularLearned(Learnless):
    """One order for all in each slice, by click rates drawn from what is known of them (Thompson sampling)."""

    def __init__(self, stage: Stage, seed: int) -> None:
        super().__init__(stage)
        self._random = np.random.default_rng([seed, 6])
        self._clicks = np.full(stage.open.shape[1], _PRIOR_IMPRESSIONS * _PRIOR_RATE)
        self._others = np.full(stage.open.shape[1], _PRIOR_IMPRESSIONS * (1.0 - _PRIOR_RATE))

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Ranker."""
        drawn = self._random.beta(self._clicks, self._others)
        return self._best(visits, np.broadcast_to(drawn, seen.shape))

    def learn(self, shown: Shown) -> None:
        """See Ranker."""
        there = shown.order != NONE
        size = self._clicks.size
        clicks = np.bincount(shown.order[shown.clicked], minlength=size)
        self._clicks += clicks
        self._others += np.bincount(shown.order[there], minlength=size) - clicks


class Content(Learnless):
    """By the share of what the visitor did that was in the activity's categories, the newest events weighing most."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._shares = shares(stage, CONTENT_HALF_LIFE)

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Ranker."""
        return self._best(visits, self._shares[visits])
