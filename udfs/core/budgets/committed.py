"""Spending that is to be expected: conversions that past impressions will still bring, and how late they come.

An impression that converts does so after a delay, taken for exponential and cut at the attribution window. How long it
is on average is weighed over a grid by how well it explains the conversions that impressions of each age have brought
(Gamma-Poisson); so it is a function of sums, and needs no delay to be recorded. Each activity has a delay of its own:
what all others have shown counts as a few conversions. Where it counted in full, one whose conversions came a day after
all others' spent up to three times its budget, and who converts at once could make all budgets be overdrawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.ledger import HOUR_MS, NO_LEDGER
from tideline.udfs.core.limits import RISK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PRIOR_IMPRESSIONS = 100.0
"""A conversion among so many impressions is expected of what nobody has seen."""
HEARD = 10.0
"""As so many conversions the delays of all other activities count."""
_DELAYS = 14
_SHORTEST = 13
_Z_99 = 2.33


class Told(NamedTuple):
    """What one activity has shown of delays, by mean delay."""

    arrivals: NDArray[np.float64]
    """How likely its conversions came when they did, as logarithms."""
    chances: NDArray[np.float64]
    """What that is to be weighed with: how many could have come by then."""
    conversions: float


@dataclass(frozen=True)
class Cohorts:
    """The impressions of one activity by hour: what came of them so far, and what share of it should have."""

    arrived: NDArray[np.float64]
    """[delays, hours], see `arrived_by`."""
    impressions: NDArray[np.float64]
    conversions: NDArray[np.float64]

    @cached_property
    def expected(self) -> NDArray[np.float64]:
        """Impressions whose conversions should have come, and as many as of one that nobody has seen [delays]."""
        found: NDArray[np.float64] = self.arrived @ self.impressions + PRIOR_IMPRESSIONS
        return found

    @cached_property
    def told(self) -> Told | None:
        """What they show of delays; None without impressions."""
        if not self.impressions.size:
            return None
        some = np.flatnonzero(self.conversions)
        seen = self.conversions[some]
        brought = seen.sum()
        arrivals = np.log(np.maximum(self.arrived[:, some], 1e-12)) @ seen
        return Told(arrivals, (brought + 1.0) * np.log(self.expected), float(brought))


class Pending(NamedTuple):
    """Conversions that are still to come."""

    by_hour: NDArray[np.float64]
    """Expected of each hour of the ledger."""
    upper: float
    """Expected of all, were rate and delay at their upper limits, which each is above in one case of 100."""


def cohorts_of(ledgers: Sequence[NDArray[Any]], now_ms: int, window_ms: int) -> list[Cohorts]:
    """Return the hours of ledgers as they are at a moment; those after it are of no age."""
    hours = np.unique(np.concatenate([NO_LEDGER["hour"], *(each["hour"] for each in ledgers)]))
    starts = hours * HOUR_MS
    ages = now_ms - (starts + np.clip(now_ms - starts, 0, HOUR_MS) // 2)
    arrived = arrived_by(np.maximum(ages, 0), window_ms)
    return [
        Cohorts(
            arrived[:, np.searchsorted(hours, each["hour"])],
            np.maximum(each["impressions"], 0).astype(np.float64),
            np.maximum(each["conversions"], 0).astype(np.float64),
        )
        for each in ledgers
    ]


class Heard(NamedTuple):
    """How likely each mean delay of the grid is by some ledgers, as logarithms, and by how many conversions."""

    likely: NDArray[np.float64]
    conversions: float


def heard_of(cohorts: Sequence[Cohorts]) -> Heard:
    """Return what some activities have shown of delays: one without impressions says nothing."""
    likely, conversions = np.zeros(_DELAYS), 0.0
    for each in cohorts:
        if each.told is not None:
            likely += each.told.arrivals
            likely -= each.told.chances
            conversions += each.told.conversions
    return Heard(likely, conversions)


def delay_weights(own: Cohorts, heard: Heard) -> NDArray[np.float64]:
    """Return how likely each mean delay is for an activity; `heard` is of all activities, this one among them."""
    mine = heard_of([own])
    others = heard.conversions - mine.conversions
    likely = mine.likely + (heard.likely - mine.likely) * min(1.0, HEARD / max(others, 1.0))
    likelihood = np.exp(likely - likely.max())
    weights: NDArray[np.float64] = likelihood / likelihood.sum()
    return weights


def pending_of(cohorts: Cohorts, weights: NDArray[np.float64]) -> Pending:
    """Return what one activity's impressions are still to bring, over the likely delays."""
    if not cohorts.impressions.size:
        return Pending(np.zeros(0), 0.0)
    arrived = cohorts.arrived
    converted = float(cohorts.conversions.sum()) + 1.0
    rates, to_come = converted / cohorts.expected, 1.0 - arrived
    by_hour = ((weights * rates) @ to_come) * cohorts.impressions
    of_delay = rates * (to_come @ cohorts.impressions)
    worst = np.argsort(-of_delay, kind="stable")
    likely = of_delay[worst[np.searchsorted(np.cumsum(weights[worst]), RISK)]]
    limit = 1.0 + (_Z_99 * math.sqrt(converted) + 1.5) / converted
    return Pending(by_hour, float(max(likely, by_hour.sum())) * limit)


def arrived_by(age_ms: NDArray[np.int64], window_ms: int) -> NDArray[np.float64]:
    """Return [delays, ages]: the share of an impression's conversions that come until an age, by mean delay."""
    means = window_ms * np.exp2(-np.linspace(0.0, _SHORTEST, _DELAYS))[:, None]
    share = np.expm1(-age_ms / means) / np.expm1(-window_ms / means)
    found: NDArray[np.float64] = np.minimum(share, 1.0)
    return found
