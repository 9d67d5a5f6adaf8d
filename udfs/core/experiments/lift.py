"""What an experiment has shown so far: rates of each arm, lift over another, and whether it may be ended.

Users are assigned, so users are the unit: an arm's rate is a ratio of sums over users, its variance that of the
linearised ratio. The interval of a difference is an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha,
Kennedy and Ramdas 2021, eq. 8): it may be looked at after every event, and the experiment ended when it leaves 0.
"""

from __future__ import annotations

import math
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    bottom: float = math.nan
    """The sum that it is a share of, such as impressions."""


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
    """Return sum(top) / sum(bottom) over rows [N] of users with its variance: NaN of one user, both of nothing."""
    _, place = np.unique(user, return_inverse=True)
    tops, bottoms = (np.bincount(place, each).astype(np.float64) for each in (top, bottom))
    found = rate_of_sums(sums_of_users(tops, bottoms).tolist())
    if not found.variance >= 0.0:
        return found
    residual = tops - found.value * bottoms  # of all users at hand: no digits are lost where they hardly differ
    return found._replace(variance=float(residual.var(ddof=1)) * tops.size / found.bottom**2)


def sums_of_users(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `rate_of_sums` takes [6] of sums by user [users]; that of other users may be added."""
    return np.array([top.size, top.sum(), bottom.sum(), top @ top, top @ bottom, bottom @ bottom])


def rate_of_sums(sums: Sequence[float]) -> Rate:
    """Return the rate of users from their number, sum(top), sum(bottom), and sums of top^2, top bottom and bottom^2.

    Variance = sum (top - value bottom)^2 users / ((users - 1) sum(bottom)^2): exact in the sums that are given, which
    whole numbers are; others lose digits where users hardly differ.
    """
    users, top, bottom, tops, products, bottoms = (Fraction(each) for each in sums)
    if bottom <= 0:
        return Rate(math.nan, math.nan, int(users))
    value = top / bottom
    if users < 2:
        return Rate(float(value), math.nan, int(users), float(bottom))
    residuals = max(tops - 2 * value * products + value * value * bottoms, Fraction(0))  # their sum is 0
    return Rate(float(value), float(residuals * users / ((users - 1) * bottom**2)), int(users), float(bottom))


def interval(rate: Rate) -> tuple[float, float]:
    """Return the 95 % interval of a rate, for one look; NaN where users do not differ, which tells nothing of it.

    What is earned is not negative; a rate that is has no such bound.
    """
    if not rate.variance > 0.0:
        return math.nan, math.nan
    radius = _student(rate.users) * math.sqrt(rate.variance)
    low = rate.value - radius
    return (low if rate.value < 0.0 else max(low, 0.0)), rate.value + radius


def share_interval(rate: Rate) -> tuple[float, float]:
    """Return the 95 % interval of a rate between 0 and 1 (Wilson 1927), for one look; it holds for small counts.

    It counts as many trials as would have the rate's variance (Kish's effective size), at most what there are, and
    users where these do not differ.

    >>> [round(end, 3) for end in share_interval(Rate(0.0, 0.0, 1000.0, 1000))]  # no click of a thousand users
    [0.0, 0.004]
    """
    if math.isnan(rate.value):
        return math.nan, math.nan
    p, trials = min(max(rate.value, 0.0), 1.0), float(rate.users)
    if rate.variance > 0.0 and 0.0 < p < 1.0:
        trials = max(min(p * (1.0 - p) / rate.variance, rate.bottom), 1.0)
    z2 = _student(rate.users) ** 2
    middle, radius = p + z2 / (2.0 * trials), math.sqrt(z2 * (p * (1.0 - p) + z2 / (4.0 * trials)) / trials)
    return max((middle - radius) / (1.0 + z2 / trials), 0.0), min((middle + radius) / (1.0 + z2 / trials), 1.0)


def _student(users: int) -> float:
    """Return the 97.5 % quantile of Student's t, to first order; the normal one for a single user."""
    return _Z_95 + (_Z_95**3 + _Z_95) / (4.0 * (users - 1)) if users > 1 else _Z_95


def lift_of(arm: Rate, against: Rate, guard: float, error: float = 0.05) -> Lift:
    """Return the lift of an arm's rate; `guard` (below 0) is the relative loss at which it must be ended.

    The guard trips only where the whole interval is below it. Neither rate counts as surer than it would be if it were
    the other: no clicks of a few users do not differ, and tell little all the same.
    """
    if min(arm.users, against.users) < LEAST_USERS or not against.value > 0.0:
        return Lift(math.nan, math.nan, math.nan, Verdict.CONTINUE)
    difference = arm.value - against.value
    variance = max(arm.variance, _as_if(against, arm)) + max(against.variance, _as_if(arm, against))
    radius = _radius(arm.users + against.users, error) * math.sqrt(variance)
    if not radius > 0.0:
        return Lift(difference / against.value, math.nan, math.nan, Verdict.CONTINUE)
    low, high = (difference - radius) / against.value, (difference + radius) / against.value
    return Lift(difference / against.value, low, high, _verdict(low, high, guard))


def _as_if(rate: Rate, of: Rate) -> float:
    """Return the variance that a rate would have of as much as another one is a share of."""
    return rate.variance * rate.bottom / of.bottom


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
