"""Spending that is to be expected: conversions that past impressions will still bring, and how late they come.

An impression that converts does so after a delay, taken for exponential and cut at the attribution window. How long it
is on average is weighed over a grid by how well it explains the conversions that impressions of each age have brought
(Gamma-Poisson, all ledgers together); so it is a function of sums, and needs no delay to be recorded.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.ledger import HOUR_MS
from tideline.udfs.core.budgets.spending_stop import RISK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PRIOR_IMPRESSIONS = 100.0
"""A conversion among so many impressions is expected of what nobody has seen."""
_DELAYS = 14
_SHORTEST = 13
_Z_99 = 2.33


class Cohorts(NamedTuple):
    """The impressions of one activity by hour: how long ago each hour was, and what came of it so far."""

    age_ms: NDArray[np.int64]
    impressions: NDArray[np.float64]
    conversions: NDArray[np.float64]


class Pending(NamedTuple):
    """Conversions that are still to come."""

    by_hour: NDArray[np.float64]
    """Expected of each hour of the ledger."""
    upper: float
    """Expected of all, were rate and delay at their upper limits, which each is above in one case of 100."""


def cohorts_of(ledger: NDArray[Any], now_ms: int) -> Cohorts:
    """Return the hours of a ledger as they are at a moment; those after it are of no age."""
    starts = ledger["hour"] * HOUR_MS
    ages = now_ms - (starts + np.clip(now_ms - starts, 0, HOUR_MS) // 2)
    return Cohorts(
        np.maximum(ages, 0),
        np.maximum(ledger["impressions"], 0).astype(np.float64),
        np.maximum(ledger["conversions"], 0).astype(np.float64),
    )


def delay_weights(cohorts: Sequence[Cohorts], window_ms: int) -> NDArray[np.float64]:
    """Return how likely each mean delay of the grid is, by what all activities have shown."""
    likely = np.zeros(_DELAYS)
    for each in cohorts:
        arrived = _arrived(each.age_ms, window_ms)
        seen = np.where(each.conversions > 0, each.conversions, 0.0)
        likely += np.log(np.maximum(arrived, 1e-12)) @ seen
        likely -= (seen.sum() + 1.0) * np.log(arrived @ each.impressions + PRIOR_IMPRESSIONS)
    likelihood = np.exp(likely - likely.max())
    weights: NDArray[np.float64] = likelihood / likelihood.sum()
    return weights


def pending_of(cohorts: Cohorts, weights: NDArray[np.float64], window_ms: int) -> Pending:
    """Return what one activity's impressions are still to bring, over the likely delays."""
    if not cohorts.age_ms.size:
        return Pending(np.zeros(0), 0.0)
    arrived = _arrived(cohorts.age_ms, window_ms)
    converted = float(cohorts.conversions.sum()) + 1.0
    rates = converted / (arrived @ cohorts.impressions + PRIOR_IMPRESSIONS)
    by_hour = ((weights * rates) @ (1.0 - arrived)) * cohorts.impressions
    of_delay = rates * ((1.0 - arrived) @ cohorts.impressions)
    worst = np.argsort(-of_delay, kind="stable")
    likely = of_delay[worst[np.searchsorted(np.cumsum(weights[worst]), RISK)]]
    limit = 1.0 + (_Z_99 * math.sqrt(converted) + 1.5) / converted
    return Pending(by_hour, float(max(likely, by_hour.sum())) * limit)


def _arrived(age_ms: NDArray[np.int64], window_ms: int) -> NDArray[np.float64]:
    """Return [delays, hours]: the share of an impression's conversions that come until an age."""
    means = window_ms * np.exp2(-np.linspace(0.0, _SHORTEST, _DELAYS))[:, None]
    share = np.expm1(-age_ms / means) / np.expm1(-window_ms / means)
    found: NDArray[np.float64] = np.minimum(share, 1.0)
    return found
