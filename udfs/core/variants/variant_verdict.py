"""Whether one variant is better than another, as sums over users: a verdict that may be asked for after every user.

Each user gives a pseudo-outcome, what he brought less the mean over the chance of his variant, whose mean is the
difference between both whatever moved the shares. Bounds are an asymptotic confidence sequence (Waudby-Smith, Arbour,
Sinha, Kennedy and Ramdas 2021, eq. 8), which says nothing before each variant has 50 clicks: it is asymptotic.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_CLICKS = 50
_TIGHTEST_AT = 4_000
_ERROR = 0.05


class Leader(StrEnum):
    """Which of two variants is better."""

    FIRST = "first"
    SECOND = "second"
    UNDECIDED = "undecided"


class Difference(NamedTuple):
    """Sums of pseudo-outcomes of users; they add up in any order."""

    users: int = 0
    total: float = 0.0
    squares: float = 0.0

    def plus(self, other: Difference) -> Difference:
        """Return both together."""
        return Difference(self.users + other.users, self.total + other.total, self.squares + other.squares)


def pseudo_outcomes(
    brought: NDArray[np.float64],
    is_second: NDArray[np.bool_],
    share_of_second: NDArray[np.float64],
    mean: float | NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return by how much each user speaks for the second variant; `mean` is of users before these."""
    found: NDArray[np.float64] = (brought - mean) * np.where(
        is_second, 1.0 / share_of_second, -1.0 / (1.0 - share_of_second)
    )
    return found


def difference_of(outcomes: NDArray[np.float64]) -> Difference:
    """Return the sums of some users' pseudo-outcomes."""
    return Difference(outcomes.size, float(outcomes.sum()), float(np.square(outcomes).sum()))


def bounds_of(sums: Difference, comparisons: int = 1) -> tuple[float, float]:
    """Return between what the second variant brings more a user than the first, in 95 of 100 courses at every look.

    `comparisons` are made with the same users: all together hold as often.
    """
    if sums.users < 2:
        return -math.inf, math.inf
    mean = sums.total / sums.users
    variance = max(sums.squares / sums.users - mean * mean, 0.0)
    error = _ERROR / comparisons
    rho2 = (-2.0 * math.log(error) + math.log(-2.0 * math.log(error) + 1.0)) / _TIGHTEST_AT
    mass = sums.users * rho2 + 1.0
    radius = math.sqrt(variance * 2.0 * mass / (sums.users**2 * rho2) * math.log(math.sqrt(mass) / error))
    return mean - radius, mean + radius


def leader_of(sums: Difference, clicks: tuple[float, float], comparisons: int = 1) -> Leader:
    """Return which variant is better, undecided where that cannot be said, or not yet."""
    low, high = bounds_of(sums, comparisons)
    if min(clicks) < LEAST_CLICKS or low <= 0.0 <= high:
        return Leader.UNDECIDED
    return Leader.SECOND if low > 0.0 else Leader.FIRST
