"""The plan of a budget over its hours, and the price that keeps spending to it.

The price is lambda_0 exp(gain (spent - planned) / budget) with the plan anchored anew each hour to what is left: dual
mirror descent with entropy (Balseiro, Lu and Mirrokni 2020) written as a function of sums, so neither the order of
what was learned nor a restore leaves a trace in it.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.ledger import HOUR_MS

if TYPE_CHECKING:
    from numpy.typing import NDArray

GAIN = 16.0
"""A budget that is ahead of its plan by a twentieth has the price more than doubled."""
_MOST = 8.0
_FRONT = 1.5
_MOST_HOURS = 400 * 24
PRICE_UNIT = 2.0**-24
"""Prices and offsets are whole numbers of it, of worth."""


class Pacing(StrEnum):
    """How a budget is spread over its time."""

    EVEN = "even"
    """As traffic comes."""
    FRONT = "front"
    """Half as much again in the first half."""
    NONE = "none"
    """As fast as it goes, until it is spent."""


class Plan(NamedTuple):
    """The hours of an activity and the share of the traffic in each that is to be paid from its budget."""

    first_hour: int
    hours_each: int
    """Hours that one period of the plan takes: more than one where the whole takes over 400 days."""
    weights: NDArray[np.float64]
    """By period, relative."""

    def period(self, hour: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """Return in which period an hour counts: what is before or after the plan in its first or last one."""
        place = (np.asarray(hour, np.int64) - self.first_hour) // self.hours_each
        found: NDArray[np.int64] = np.minimum(np.maximum(place, 0), self.weights.size - 1)
        return found

    def gone(self, now_ms: int) -> tuple[int, float]:
        """Return the period of a moment and the share of it that is over."""
        passed = (now_ms - self.first_hour * HOUR_MS) / (self.hours_each * HOUR_MS)
        at = min(max(math.floor(passed), 0), self.weights.size - 1)
        return at, min(max(passed - at, 0.0), 1.0)


def plan_of(starts_ms: int, ends_ms: int, pacing: Pacing = Pacing.EVEN) -> Plan:
    """Return the plan of a stretch of time: 11 us for two weeks, 35 where it is longest, 77 kB then; none is kept.

    >>> plan_of(0, 4 * HOUR_MS, Pacing.FRONT).weights.tolist()
    [1.5, 1.5, 1.0, 1.0]
    """
    first = starts_ms // HOUR_MS
    hours = max(ends_ms - 1, starts_ms) // HOUR_MS + 1 - first
    each = -(-hours // _MOST_HOURS)
    # By period and never by hour: an activity may end in the year 9999.
    begins = (first + np.arange(0, hours, each)) * HOUR_MS
    inside = np.minimum(begins + each * HOUR_MS, ends_ms) - np.maximum(begins, starts_ms)
    weights = inside / HOUR_MS
    if pacing is Pacing.FRONT:
        middles = begins + each * HOUR_MS // 2
        weights = np.where(middles < (starts_ms + ends_ms) / 2, _FRONT, 1.0) * weights
    return Plan(first, each, weights)


def allotted(spent: NDArray[np.float64], plan: Plan, budget: float) -> NDArray[np.float64]:
    """Return what each period may spend: its share of what those before it have left of the budget.

    >>> two_hours = plan_of(0, 7_200_000)
    >>> allotted(np.array([30.0, 0.0]), two_hours, 100.0).tolist()  # 20 less than planned were spent: 70 are left
    [50.0, 70.0]
    """
    left = np.maximum(budget - (np.cumsum(spent) - spent), 0.0)
    to_come = np.cumsum(plan.weights[::-1])[::-1]
    share = plan.weights / np.maximum(to_come, 1e-12)
    found: NDArray[np.float64] = left * share[: spent.size]
    return found


def pressure(spent: NDArray[np.float64], plan: Plan, budget: float, gone: float, gain: float = GAIN) -> float:
    """Return by what the first price is multiplied, from what each period until now has spent, the present one last.

    `gone` is the share of the present period that is over.

    >>> plan = Plan(0, 1, np.array([0.25, 0.75]))
    >>> round(pressure(np.array([0.3]), plan, budget=1.0, gone=1.0), 6)  # .3 spent where .25 was planned
    2.225541
    """
    planned = allotted(spent, plan, budget)
    planned[-1] *= gone
    return math.exp(min(max(gain * float((spent - planned).sum()) / budget, -_MOST), _MOST))


def in_price_units(worth: float) -> int:
    """Return a price or an offset as a whole number of 2^-24 worth."""
    return round(worth / PRICE_UNIT)
