"""Experiments: which users are ranked by which policy, the same for as long as an experiment lasts.

A user's arm is a pure function of his id, the experiment's id and the deployment's salt: no state, the same on every
machine and after every restart. The holdout is a part of the users that no experiment touches: their lists are in
random order for ever, which is what every policy is compared with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.limits import BASELINE, HOLDOUT
from tideline.udfs.core.policies.by_name import make_policy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.control.control import SetExperiment
    from tideline.udfs.core.policies.base import Policy
    from tideline.udfs.core.policies.regression import Regression

RANDOM = "random"
"""Name of the holdout's policy in decision records."""
_PERMILLE = 1000


class Variant(NamedTuple):
    """A policy on trial and its share of the users who are not in the holdout."""

    name: str
    policy: Policy
    permille: int


class Experiment(NamedTuple):
    """The running experiment. Arm i of `arms` has number i + 1; users in none of them have the baseline."""

    id: str
    arms: tuple[Variant, ...]
    shadow: Policy | None = None
    """Scores what is shown, is never shown itself."""
    mark: int = 0
    """1..65535: tells it from others, also from one of the same id with other arms. Each list carries it."""


def started(order: SetExperiment, issued_ms: int) -> Experiment:
    """Return the experiment that an order starts."""
    arms = tuple(Variant(arm.name, make_policy(arm.policy), arm.permille) for arm in order.arms)
    shadow = None if order.shadow is None else make_policy(order.shadow)
    mark = hash64(repr((order.id, order.shadow, issued_ms, [tuple(arm) for arm in order.arms]))) % 0xFFFF + 1
    return Experiment(order.id, arms, shadow, mark)


def regressions_on_trial(order: SetExperiment, deployed: Regression) -> list[Regression]:
    """Return how an experiment's policies want their rows solved, by name, where that is not the deployment's way."""
    texts = [*(arm.policy for arm in order.arms), *([] if order.shadow is None else [order.shadow])]
    policies = [make_policy(text) for text in texts]
    wanted = {policy.regression.name: policy.regression for policy in policies if policy.contextual}
    return [wanted[name] for name in sorted(wanted) if wanted[name] != deployed]


def arm_numbers(
    users: NDArray[np.uint64], salt: int, holdout_permille: int, experiment: Experiment | None
) -> NDArray[np.int64]:
    """Return the arm of each user [U], given as hash64 of his id.

    >>> users = np.array([hash64(name) for name in ("ann", "bob", "eve", "joe", "kim", "lea")], np.uint64)
    >>> arm_numbers(users, 11, 300, None).tolist()  # bob and lea are in the holdout, for ever
    [0, 3, 0, 0, 0, 3]
    """
    found = np.zeros(users.size, np.int64)
    if experiment is not None:
        shares = np.cumsum([arm.permille for arm in experiment.arms])
        place = _places(users, salt ^ hash64(f"experiment {experiment.id}"))
        number = np.searchsorted(shares, place, side="right") + 1
        found = np.where(number <= len(experiment.arms), number, BASELINE)
    if holdout_permille:
        found = np.where(_places(users, salt ^ hash64("holdout")) < holdout_permille, HOLDOUT, found)
    return found


def _places(users: NDArray[np.uint64], salt: int) -> NDArray[np.int64]:
    """Return a number 0..999 of each user."""
    nothing = np.zeros(users.size, np.int64)
    places: NDArray[np.int64] = (decision_seeds(users, nothing, nothing, salt) % np.uint64(_PERMILLE)).astype(np.int64)
    return places
