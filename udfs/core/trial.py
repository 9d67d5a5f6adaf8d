"""What an experiment has shown so far: rates of each arm, lift over another, and whether it may be ended.

Users are assigned, so users are the unit: an arm's rate is a ratio of sums over users, its variance that of the
linearised ratio. The interval of a difference is an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha,
Kennedy and Ramdas 2021, eq. 8): it may be looked at after every event, and the experiment ended when it leaves 0.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_Z_95 = 1.959964
_TIGHTEST_AT = 2_000
"""Number of users at which the sequence is about as tight as it can be."""
LEAST_USERS = 100
"""Of each arm: below it a normal approximation says nothing."""


class Rate(NamedTuple):
    """A ratio of sums over users, such as clicks per impression."""

    value: float
    variance: float
    users: int


class Verdict(StrEnum):
    """What may be done now."""

    BETTER = "better"
    """The arm earns more than the one it is compared with."""
    WORSE = "worse"
    """It earns less."""
    GUARD = "guard"
    """It earns less by more than the guard-rail allows."""
    CONTINUE = "continue"
    """The data cannot say yet."""


class Lift(NamedTuple):
    """An arm against another: the relative difference of its rate with bounds that hold at every look."""

    value: float
    low: float
    high: float
    verdict: Verdict


def rate_of(user: NDArray[np.int64], top: NDArray[np.float64], bottom: NDArray[np.float64]) -> Rate:
    """Return sum(top) / sum(bottom) over rows [N] of users with its variance; NaN of nothing."""
    _, place = np.unique(user, return_inverse=True)
    tops, bottoms = np.bincount(place, top), np.bincount(place, bottom)
    count, total = tops.size, float(bottoms.sum())
    if count < 2 or total <= 0.0:
        return Rate(math.nan, math.nan, count)
    value = float(tops.sum()) / total
    residual = tops - value * bottoms
    return Rate(value, float(residual.var(ddof=1)) * count / total**2, count)


def interval(rate: Rate) -> tuple[float, float]:
    """Return the 95 % interval of a rate, for one look."""
    radius = _Z_95 * math.sqrt(rate.variance)
    return rate.value - radius, rate.value + radius


def lift_of(arm: Rate, against: Rate, guard: float, error: float = 0.05) -> Lift:
    """Return the lift of an arm's rate; `guard` (below 0) is the relative loss at which it must be ended.

    The guard trips only where the whole interval is below it.
    """
    if min(arm.users, against.users) < LEAST_USERS or not against.value > 0.0:
        return Lift(math.nan, math.nan, math.nan, Verdict.CONTINUE)
    difference = arm.value - against.value
    radius = _radius(arm.users + against.users, error) * math.sqrt(arm.variance + against.variance)
    low, high = (difference - radius) / against.value, (difference + radius) / against.value
    return Lift(difference / against.value, low, high, _verdict(low, high, guard))


def _verdict(low: float, high: float, guard: float) -> Verdict:
    if high < guard:
        return Verdict.GUARD
    if high < 0.0:
        return Verdict.WORSE
    return Verdict.BETTER if low > 0.0 else Verdict.CONTINUE


def _radius(users: int, error: float) -> float:
    """Return how many standard errors wide the sequence is at `users`."""
    rho2 = (-2.0 * math.log(error) + math.log(-2.0 * math.log(error) + 1.0)) / _TIGHTEST_AT
    mass = users * rho2 + 1.0
    return math.sqrt(2.0 * mass / (users * rho2) * math.log(math.sqrt(mass) / error))


def compare(rates: Mapping[str, Rate], against: str, guard: float) -> dict[str, Lift]:
    """Return the lift of every arm but the one compared with, which must be among them."""
    return {name: lift_of(rate, rates[against], guard) for name, rate in rates.items() if name != against}
