"""A publication of the policy: the rows of some activities and the prior of those nobody has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.activity_features import FEATURES, UNKNOWN
from tideline.udfs.core.learning.hybrid import shared_row, solve_arm, solve_shared
from tideline.udfs.core.learning.knowledge import Knowledge
from tideline.udfs.core.learning.solving import Evidence, Solved, evidence_of, policy_rows, prior_row, solve
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey
from tideline.udfs.core.policies.policy_table import PolicyRow, SharedRow
from tideline.udfs.core.policies.regression import Regression, Sharing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.change_detection import Changes
    from tideline.udfs.core.learning.learning import Decay


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
    changed = known.changes()
    of_encoder: dict[int, list[str]] = {}
    for arm in arms:
        of_encoder.setdefault(arm.encoder, []).append(arm.activity_id)
    rows: list[tuple[str, PolicyRow]] = []
    for encoder in sorted(of_encoder):
        rows += _Encoder(encoder, known, changed, how or Regression(), features or {}).rows(of_encoder[encoder])
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

    def _evidence(self, activities: Sequence[str]) -> Evidence:
        return evidence_of(*self.known.weighed(self.encoder, activities, self.changed))

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
