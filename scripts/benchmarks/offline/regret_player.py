"""The product's own policies as players of a simulated environment: the job's sums, rows, scores and ranking pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.scripts.benchmarks.offline.regret_environments import BATCH
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.learning.intake import FIRST_MS
from tideline.udfs.core.learning.learner import Learner, LearnerSettings
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.pairs.affinity import content_of
from tideline.udfs.core.pairs.pairs_of import strangers_pairs
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.cold_start import coefficients
from tideline.udfs.core.policies.policy_table import PolicyTable
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import rank
from tideline.udfs.core.rewards.feedback import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Policy

ROUND_MS = 1_000
PUBLISH_MS = BATCH * ROUND_MS
"""In the time of a batch other rows get their turn too, as in the job."""
_ENCODER = 1
_PER_DEVIATION = 36
_CLICKS = (1.0, 0.0, 0.0, 0.0)


def contexts(x: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return contexts whose first column is 1 and whose others have deviation 1 in the form of the ranker's."""
    found = np.zeros((len(x), DIM), np.int8)
    found[:, 0] = CONSTANT_X
    found[:, 1 : x.shape[1]] = np.clip(np.rint(x[:, 1:] * _PER_DEVIATION), -127, 127)
    return found


class Player:
    """One policy that learns as the job does: publishing after each batch the rows of what was shown in it."""

    def __init__(
        self, policy: Policy, categories: Sequence[int], seed: int, half_life_ms: int = 0, exploration: float = 0.0
    ) -> None:
        self._policy, self._seed, self._exploration = policy, seed, exploration
        decay = Decay(half_life_ms)
        self._activities = [
            Activity(f"a{arm:05}", "coupon", "", 1, 2, categories=(f"c{category}",))
            for arm, category in enumerate(categories)
        ]
        self.learner = Learner(LearnerSettings(policy.regression, decay, publish_ms=PUBLISH_MS))
        for each in self._activities:
            self.learner.note(each.activity_id, features_of(each))
        self._start_ms = -(-FIRST_MS // decay.unit_ms) * decay.unit_ms
        self._catalogue = Catalogue.of(self._activities)
        self._table = PolicyTable()
        self._pairs = strangers_pairs(content_of(self._catalogue.activities))
        self._known = coefficients(self._table, self._catalogue, _ENCODER, _CLICKS)

    def choose(self, x: NDArray[np.float64], first_round: int, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the arm shown in each of the rounds from `first_round` on, see Plays."""
        rounds = np.arange(first_round, first_round + len(x))
        seeds = decision_seeds(rounds.astype(np.uint64), rounds, np.zeros_like(rounds), self._seed)
        everybody = Contexts(contexts(x), np.broadcast_to(self._pairs, mask.shape))
        ranked = rank(self._policy, self._known, everybody, mask, seeds, ListForm(1, self._exploration))
        return ranked.order[:, 0]

    def learn(
        self,
        x: NDArray[np.float64],
        arms: NDArray[np.int64],
        clicks: NDArray[np.float64],
        first_round: int,
        impressions: int = 1,
    ) -> None:
        """Add what was shown and clicked, see Plays, and publish."""
        rows = np.zeros(len(x), ROWS)
        rows["x"], rows["impressions"], rows["clicks"] = contexts(x), impressions, clicks
        rows["activity"], rows["encoder"], rows["pair"] = arms, _ENCODER, self._pairs[arms]
        rows["ts_ms"] = self._start_ms + (first_round + np.arange(len(x))) * ROUND_MS
        learned = self.learner.learn([each.activity_id for each in self._activities], rows)
        for activity_id, row in self.learner.publish(learned.arms):
            self._table.apply(activity_id, row._replace(version=self._table.version + 1))
        self._known = coefficients(self._table, self._catalogue, _ENCODER, _CLICKS)
