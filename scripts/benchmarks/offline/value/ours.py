"""The job's own policies: its sums, its publication, its table of rows, its ranking pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.scripts.benchmarks.offline.value.value_play import NONE
from tideline.scripts.benchmarks.offline.value.value_stage import SLICE_MS
from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.learning.learner import Learner, LearnerSettings
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.pairs.affinity import content_of
from tideline.udfs.core.pairs.pair_numbers import breadth_step, pack
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.cold_start import coefficients
from tideline.udfs.core.policies.policy_table import PolicyTable
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import rank
from tideline.udfs.core.rewards.feedback import ROWS
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.options import options_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.value.value_play import Shown
    from tideline.scripts.benchmarks.offline.value.value_stage import Stage

_DEFAULTS = {name: option.default for name, option in options_of(JobConfig).items()}
DEFAULT = str(_DEFAULTS["policy"])
WEIGHTS = (
    float(_DEFAULTS["weight_click"]),
    float(_DEFAULTS["weight_conversion"]),
    float(_DEFAULTS["weight_revenue"]),
    float(_DEFAULTS["weight_cost"]),
)
EXPLORATION = float(_DEFAULTS["exploration"])
HALF_LIFE_MS = round(float(_DEFAULTS["half_life_days"]) * 86_400_000)
WINDOW_MS = round(float(_DEFAULTS["attribution_days"]) * 86_400_000)


class JobPolicy:
    """A policy by its text as in the job's configuration; every other setting is the job's default."""

    def __init__(self, stage: Stage, seed: int, text: str) -> None:
        self._stage, self._seed = stage, seed
        self._policy = make_policy(text)
        self._ids = [each.activity_id for each in stage.catalogue.activities]
        self._users = np.array([hash64(user) for user in stage.world.users], np.uint64)
        settings = LearnerSettings(self._policy.regression, Decay(HALF_LIFE_MS), WINDOW_MS, publish_ms=SLICE_MS)
        self._learner = Learner(settings)
        for each in stage.catalogue.activities:
            self._learner.note(each.activity_id, features_of(each))
        self._table = PolicyTable()
        self._breadth = breadth_step(content_of(stage.catalogue.activities).breadth)
        self._pairs = np.zeros((0, 0), np.uint32)
        self._solved()

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Ranker."""
        return self.ranked(visits, seen, self._stage.open[visits], self._stage.positions)

    def ranked(
        self, visits: NDArray[np.int64], seen: NDArray[np.int64], may: NDArray[np.bool_], positions: int
    ) -> NDArray[np.int64]:
        """Return the activities [visits, positions] of those that each visitor may be shown, NONE behind the last."""
        stage, truth = self._stage, self._stage.truth
        seeds = decision_seeds(self._users[truth.visitor[visits]], truth.visit_ms[visits], visits, self._seed)
        self._pairs = pack(stage.affinity[visits], self._breadth, seen)
        contexts = Contexts(stage.x[visits], self._pairs)
        ranked = rank(self._policy, self._rows, contexts, may, seeds, ListForm(positions, EXPLORATION))
        found = np.full((visits.size, positions), NONE)
        found[:, : ranked.order.shape[1]] = ranked.order
        return found

    def learn(self, shown: Shown) -> None:
        """See Ranker; `order` was asked for the same visits before."""
        row, position = np.nonzero(shown.order != NONE)
        if not row.size:
            return
        rows = np.zeros(row.size, ROWS)
        visits = shown.visits[row]
        rows["activity"], rows["encoder"] = shown.order[row, position], self._stage.encoder
        rows["ts_ms"], rows["x"], rows["impressions"] = self._stage.truth.visit_ms[visits], self._stage.x[visits], 1
        rows["pair"] = self._pairs[row, shown.order[row, position]]
        rows["clicks"], rows["conversions"] = shown.clicked[row, position], shown.converted[row, position]
        rows["revenue_milli"] = np.rint(1_000 * (shown.revenue * shown.converted)[row, position])
        for activity_id, solved in self._learner.publish(self._learner.learn(self._ids, rows).arms):
            self._table.apply(activity_id, solved._replace(version=self._table.version + 1))
        self._solved()

    def _solved(self) -> None:
        stage = self._stage
        self._rows = coefficients(self._table, stage.catalogue, stage.encoder, WEIGHTS)
