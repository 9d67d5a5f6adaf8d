"""A publication of the policy: the rows of some activities and the prior of those nobody has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.activity_features import FEATURES, UNKNOWN
from tideline.udfs.core.learning.knowledge import Knowledge
from tideline.udfs.core.learning.sharing.hybrid import shared_row, solve_arm, solve_shared
from tideline.udfs.core.learning.sharing.pair_parts import pair_evidence_of, with_carried
from tideline.udfs.core.learning.sharing.pair_rows import prior_of_pairs, rewards_by_click
from tideline.udfs.core.learning.solving import Evidence, Solved, counts_of, evidence_of, policy_rows, prior_row, solve
from tideline.udfs.core.pairs.pair_solving import solve_rests
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey
from tideline.udfs.core.policies.policy_table import PolicyRow, SharedRow
from tideline.udfs.core.policies.regression import Regression, Sharing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.change_detection import Changes
    from tideline.udfs.core.learning.learning import Decay
    from tideline.udfs.core.pairs.pair_solving import SharedPairs


def publication(
    sums: Mapping[ArmKey, NDArray[Any]],
    arms: Sequence[ArmKey],
    decay: Decay,
    newest: int,
    how: Regression | None = None,
    features: Mapping[str, NDArray[np.int8]] | None = None,
) -> list[tuple[str, PolicyRow]]:
    """Return what `published` does of all sums by arm; for who has not kept what is known."""
    return published(Knowledge(sums, decay, newest), arms, how, features)


def published(
    known: Knowledge,
    arms: Sequence[ArmKey],
    how: Regression | None = None,
    features: Mapping[str, NDArray[np.int8]] | None = None,
) -> list[tuple[str, PolicyRow]]:
    """Return (activity id, row) for some arms, each encoder's prior behind its activities.

    What is shared and the total are taken over every activity, and what an activity earned under other encoders is
    carried into its row. The past fades where clicks changed (change_detection.py). An arm without sums gets a row of
    what is carried. Who reads an encoder's prior has all rows that were published with it. `features` are those of the
    activities, by id; one that is not there has none but the constant.
    """
    changed, how = known.changes(), how or Regression()
    pairs = known.solve_shared(changed) if how.sharing is Sharing.PAIRS else None
    of_encoder: dict[int, list[str]] = {}
    for arm in arms:
        of_encoder.setdefault(arm.encoder, []).append(arm.activity_id)
    rows: list[tuple[str, PolicyRow]] = []
    for encoder in sorted(of_encoder):
        of = _Encoder(encoder, known, changed, how, features or {})
        some = of_encoder[encoder]
        rows += of.rows(some) if pairs is None else of.rows_of_pairs(pairs, some)
    return rows


def every_arm(encoder: int, arms: Iterable[ArmKey]) -> list[ArmKey]:
    """Return the arm under an encoder of every activity that has one under any, and that of the prior."""
    return [ArmKey(encoder, activity) for activity in sorted({PRIOR_ID} | {arm.activity_id for arm in arms})]


class _Encoder(NamedTuple):
    """What is known under one encoder version, and the rows it makes."""

    encoder: int
    known: Knowledge
    changed: Changes
    how: Regression
    features: Mapping[str, NDArray[np.int8]]

    def rows(self, activities: Sequence[str]) -> list[tuple[str, PolicyRow]]:
        """Return the rows of some activities and the prior."""
        together = evidence_of(*self.known.together(self.encoder, self.changed.weighing()))
        total = float(together.counts.impressions + together.carried.impressions)
        some = [name for name in activities if name != PRIOR_ID]
        theta, shared, solved = self._solved(together, some)
        last = prior_row(theta, self.how.ridge, self.encoder, total)._replace(shared=shared)
        return [*zip(some, policy_rows(solved, self.encoder, total), strict=True), (PRIOR_ID, last)]

    def rows_of_pairs(self, shared: SharedPairs, activities: Sequence[str]) -> list[tuple[str, PolicyRow]]:
        """Return the rows of some activities and the prior where pairs are learned from."""
        together = evidence_of(*self.known.together(self.encoder, self.changed.weighing()))
        total = float(together.counts.impressions + together.carried.impressions)
        some = [name for name in activities if name != PRIOR_ID]
        own, others = self.known.decayed_numbers(self.encoder, some, self.changed)
        rests = solve_rests(shared, with_carried(pair_evidence_of(own), others, shared))
        usual = together.counts.rewards + together.carried.rewards
        counts, carried = counts_of(own), counts_of(others)
        by_click = rewards_by_click(counts.rewards + carried.rewards, usual)
        solved = Solved(by_click[:, :, None] * rests.theta[:, None, :], rests.inverse, counts, carried)
        rows = [
            row._replace(by_click=tuple(each))
            for row, each in zip(policy_rows(solved, self.encoder, total), by_click.tolist(), strict=True)
        ]
        return [*zip(some, rows, strict=True), (PRIOR_ID, prior_of_pairs(shared, usual, self.encoder, total))]

    def _evidence(self, activities: Sequence[str]) -> Evidence:
        own, others = self.known.decayed_numbers(self.encoder, activities, self.changed)
        return evidence_of(own, counts_of(others))

    def _features_of(self, activities: Sequence[str]) -> NDArray[np.int8]:
        found = [self.features.get(activity, UNKNOWN) for activity in activities]
        return np.array(found, np.int8).reshape(len(activities), FEATURES)

    def _solved(
        self, together: Evidence, activities: Sequence[str]
    ) -> tuple[NDArray[np.float64], SharedRow | None, Solved]:
        """Return what an activity nobody has seen starts from, its form by features, and the activities' solutions."""
        how, found = self.how, self._evidence(activities)
        if how.sharing is Sharing.HYBRID:
            every = self.known.activities()
            shared = solve_shared(self._evidence(every), self._features_of(every), how)
            return (
                shared.prior(UNKNOWN),
                shared_row(shared),
                solve_arm(found, self._features_of(activities), shared, how),
            )
        prior = solve(together, how.ridge).theta if how.sharing is Sharing.PRIOR else np.zeros_like(together.moments)
        return prior, None, solve(found, how.ridge, prior)
