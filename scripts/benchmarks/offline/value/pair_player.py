"""Ranks by pairs: the profile, the numbers of each pair, one regression for all with a rest for each activity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.scripts.benchmarks.offline.value.ours import EXPLORATION, WEIGHTS
from tideline.scripts.benchmarks.offline.value.value_play import NONE
from tideline.scripts.benchmarks.offline.value.value_stage import category_hashes
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.learning.learning import IMPRESSION_UNIT
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.pairs.affinity import affinities, content_of
from tideline.udfs.core.pairs.pair_model import score_pairs, solve_pairs
from tideline.udfs.core.pairs.pair_numbers import breadth_step, pack, pair_numbers
from tideline.udfs.core.pairs.pair_sums import add_pairs, no_sums
from tideline.udfs.core.ranking.ranking import rank_scores
from tideline.udfs.core.users.user_profile import Profiles, fold, no_profiles, profiles_of
from tideline.udfs.core.users.user_state import HISTORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.value.value_play import Shown
    from tideline.scripts.benchmarks.offline.value.value_stage import Stage

ALPHA = 0.5
"""Standard deviations of what is not known that a score is raised by."""


class PairPolicy:
    """The policy `pairs`."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage, self._seed = stage, seed
        self._content = content_of(stage.catalogue.activities)
        self._profiles = profiles_at_visits(stage)
        self._held = np.minimum(stage.end - stage.first, HISTORY)
        self._users = np.array([hash64(user) for user in stage.world.users], np.uint64)
        self._sums = no_sums(len(stage.catalogue.activities))
        self._model = solve_pairs(self._sums)
        self._packed = np.zeros((0, 0), np.uint32)

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Ranker."""
        stage, truth = self._stage, self._stage.truth
        profiles = Profiles._make(each[visits] for each in self._profiles)
        affinity = affinities(self._content, stage.category[visits], self._held[visits], profiles)
        self._packed = pack(affinity, seen, breadth_step(self._content.breadth))
        numbers = pair_numbers(self._packed)
        mean, doubt = score_pairs(self._model, numbers, stage.x[visits])
        worth = self._model.rewards_by_click @ np.array(WEIGHTS[: len(OBJECTIVES)])
        seeds = decision_seeds(self._users[truth.visitor[visits]], truth.visit_ms[visits], visits, self._seed)
        ranked = rank_scores((mean + ALPHA * doubt) * worth, stage.open[visits], seeds, stage.places, EXPLORATION)
        found = np.full((visits.size, stage.places), NONE)
        found[:, : ranked.order.shape[1]] = ranked.order
        return found

    def learn(self, shown: Shown) -> None:
        """See Ranker; `order` was asked for the same visits before."""
        row, place = np.nonzero(shown.order != NONE)
        if not row.size:
            return
        activity = shown.order[row, place]
        numbers = pair_numbers(self._packed[row, activity])
        v = np.concatenate([numbers, self._stage.x[shown.visits[row]]], axis=1)
        clicked, converted = shown.clicked[row, place], shown.converted[row, place]
        revenue = np.rint(1_000 * (shown.revenue * shown.converted)[row, place])
        rewards = np.stack([clicked, converted, revenue], axis=1).astype(np.int64)
        add_pairs(self._sums, activity, v, np.full(row.size, IMPRESSION_UNIT), rewards)
        self._model = solve_pairs(self._sums)


def profiles_at_visits(stage: Stage) -> Profiles:
    """Return the profile of each visitor at his visit: what has left his history is folded in, the oldest first."""
    codes = category_hashes(stage.world.events)[stage.world.events.category]
    left = np.maximum(stage.end - stage.first - HISTORY, 0)
    users = len(stage.world.users)
    found, now = no_profiles(left.size), no_profiles(users)
    first, most = np.zeros(users, np.int64), np.zeros(users, np.int64)
    first[stage.truth.visitor] = stage.first
    np.maximum.at(most, stage.truth.visitor, left)
    by_count = np.argsort(left, kind="stable")
    edges = np.searchsorted(left[by_count], np.arange(1, int(most.max(initial=0)) + 2))
    for step in range(int(most.max(initial=0))):
        rows = np.flatnonzero(most > step)
        fold(now, np.full(rows.size, step), rows, codes[first[rows] + step])
        visits = by_count[edges[step] : edges[step + 1]]
        found[visits] = now[stage.truth.visitor[visits]]
    return profiles_of(found, left)
