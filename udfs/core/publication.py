"""A publication of the policy: the rows of some activities and the prior of those nobody has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from udfs.core.activity_features import FEATURES
from udfs.core.change import changes
from udfs.core.hybrid import shared_row, solve_rest, solve_shared
from udfs.core.learning import (
    NO_SUMS,
    Evidence,
    Solved,
    count,
    evidence,
    forget,
    merge,
    policy_row,
    prior_row,
    solve,
)
from udfs.core.policy_table import PRIOR_ID, PolicyRow, SharedRow
from udfs.core.regression import Regression, Sharing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from udfs.core.change import Changes
    from udfs.core.learning import Forgetting

    Sums = Mapping[str, NDArray[Any]]


_UNKNOWN = np.zeros(FEATURES, np.int8)
_UNKNOWN[0] = 90


def publication(
    sums: Sums,
    names: Sequence[str],
    forgetting: Forgetting,
    newest: int,
    how: Regression | None = None,
    features: Mapping[str, NDArray[np.int8]] | None = None,
) -> list[tuple[str, PolicyRow]]:
    """Return (activity id, row) for the names "encoder|activity", each encoder's prior behind its activities.

    `sums` holds all there is, by such names: what is shared and the total are taken over every activity, and what an
    activity earned under other encoders is carried into its row. The past fades where clicks changed (change.py).
    A name without sums gets a row of what is carried.
    Who reads an encoder's prior has all rows that were published with it. `features` are those of the activities, by
    id; one that is not there has none but the constant.
    """
    sums = {name: forget(each, forgetting, newest) for name, each in sums.items()}
    changed = changes(sums, forgetting, newest)
    rows: list[tuple[str, PolicyRow]] = []
    for encoder in sorted({encoder_of(name) for name in names}):
        activities = [activity_of(name) for name in names if encoder_of(name) == encoder]
        rows += _Encoder(encoder, sums, changed, newest, how or Regression(), features or {}).rows(activities)
    return rows


def every_name(encoder: int, names: Iterable[str]) -> list[str]:
    """Return the name under an encoder of every activity that is named under any, and of the prior."""
    return [f"{encoder}|{activity}" for activity in sorted({PRIOR_ID} | {activity_of(name) for name in names})]


def encoder_of(name: str) -> int:
    """Return the encoder version in a name "encoder|activity"."""
    return int(name.split("|", 1)[0])


def activity_of(name: str) -> str:
    """Return the activity id in a name "encoder|activity"."""
    return name.split("|", 1)[1]


class _Encoder:
    """What is known under one encoder version, and the rows it makes."""

    def __init__(
        self,
        encoder: int,
        sums: Sums,
        changed: Changes,
        newest: int,
        how: Regression,
        features: Mapping[str, NDArray[np.int8]],
    ) -> None:
        self._encoder, self._changed, self._newest, self._how, self._features = encoder, changed, newest, how, features
        self._own = {activity_of(name): sums[name] for name in sorted(sums) if encoder_of(name) == encoder}
        self._others: dict[str, list[NDArray[Any]]] = {}
        for name, each in sums.items():
            if encoder_of(name) != encoder:
                self._others.setdefault(activity_of(name), []).append(each)

    def rows(self, activities: Sequence[str]) -> list[tuple[str, PolicyRow]]:
        """Return the rows of some activities and the prior."""
        every = [each for parts in self._others.values() for each in parts]
        when = self._changed.weighing(), self._newest
        together = evidence(merge(self._own.values()), *when, count(every, *when))
        total = together.counts.impressions + together.carried.impressions
        theta, shared, solved = self._solved(together, [name for name in activities if name != PRIOR_ID])
        last = prior_row(theta, self._how.ridge, self._encoder, total)._replace(shared=shared)
        return [*((name, policy_row(each, self._encoder, total)) for name, each in solved), (PRIOR_ID, last)]

    def _evidence(self, activity: str) -> Evidence:
        when = self._changed.weighing(f"{self._encoder}|{activity}"), self._newest
        return evidence(self._own.get(activity, NO_SUMS), *when, count(self._others.get(activity, ()), *when))

    def _features_of(self, activity: str) -> NDArray[np.int8]:
        return self._features.get(activity, _UNKNOWN)

    def _solved(
        self, together: Evidence, activities: Sequence[str]
    ) -> tuple[NDArray[np.float64], SharedRow | None, list[tuple[str, Solved]]]:
        """Return what an activity nobody has seen starts from, its form by features, and the activities' solutions."""
        how = self._how
        if how.sharing is Sharing.HYBRID:
            known = {name: self._evidence(name) for name in sorted(self._own.keys() | self._others.keys())}
            shared = solve_shared(list(known.values()), [self._features_of(name) for name in known], how)
            solved = [
                (name, solve_rest(self._evidence(name), self._features_of(name), shared, how)) for name in activities
            ]
            return shared.prior(_UNKNOWN), shared_row(shared), solved
        prior = solve(together, how.ridge).theta if how.sharing is Sharing.PRIOR else np.zeros_like(together.moments)
        return prior, None, [(name, solve(self._evidence(name), how.ridge, prior)) for name in activities]
