"""Spending that is to be expected: conversions that past impressions will still bring, and how late they come.

Conversions of each of 14 mean delays, from the attribution window down to an 8,192th of it, come at a rate of their own
and exponentially late, cut at the window. Which rates brought the conversions that came as late as they did, among
impressions as old as they are, is found by expectation and maximisation (Dempster, Laird and Rubin 1977) under a
Gamma prior: so delays may be of any mixture, a rate is believed as far as impressions are old enough to have shown it,
and all is a function of sums. Each activity has delays of its own: were those of others believed too, who converts at
once could make their budgets be overdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.ledger import HOUR_MS, NO_LEDGER
from tideline.udfs.core.budgets.spending_stop import upper_bound
from tideline.udfs.core.lags import NO_LAG, lag_code, lag_starts_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_DELAYS = 14
_SHORTEST = 13
_PRIOR_CONVERSIONS = 1.0 / _DELAYS
_PRIOR_IMPRESSIONS = 3.0
"""Of each delay so many conversions among so many impressions are expected of what nobody has seen."""
_STEPS = 20
"""From rates that are the higher the less is known of them: who stops early expects more rather than less."""


@dataclass(frozen=True)
class Cohorts:
    """The impressions of one activity by hour, the newest last, and how late its conversions came."""

    ages_ms: NDArray[np.int64]
    arrived: NDArray[np.float64]
    """[delays, hours], see `arrived_by`."""
    impressions: NDArray[np.float64]
    lags: NDArray[np.float64]
    """[codes] of lags.py: conversions."""

    @cached_property
    def arrived_impressions(self) -> NDArray[np.float64]:
        """[delays, hours]: those whose conversions should have come."""
        found: NDArray[np.float64] = self.arrived * self.impressions
        return found


class Pending(NamedTuple):
    """Conversions that are still to come."""

    by_hour: NDArray[np.float64]
    """Expected of each hour of the ledger."""
    most: float
    """More of all come in one case of 100."""


NOTHING_PENDING = Pending(np.zeros(0), upper_bound(0.0))


def cohorts_of(ledgers: Sequence[tuple[NDArray[Any], NDArray[np.int64]]], now_ms: int, window_ms: int) -> list[Cohorts]:
    """Return ledgers, each with its lags, as they are at a moment; hours after it are of no age."""
    hours = np.unique(np.concatenate([NO_LEDGER["hour"], *(each["hour"] for each, _ in ledgers)]))
    starts = hours * HOUR_MS
    ages = np.maximum(now_ms - (starts + np.clip(now_ms - starts, 0, HOUR_MS) // 2), 0)
    arrived, found = arrived_by(ages, window_ms), []
    for each, lags in ledgers:
        its, shown = np.searchsorted(hours, each["hour"]), np.maximum(each["impressions"], 0)
        found.append(
            Cohorts(ages[its], arrived[:, its], shown.astype(np.float64), np.maximum(lags, 0).astype(np.float64))
        )
    return found


def pending_of(cohorts: Sequence[Cohorts], window_ms: int) -> list[Pending]:
    """Return what each activity's impressions are still to bring: of one the same, whoever else is asked for."""
    if not cohorts:
        return []
    window = _window(window_ms)
    exposed = np.array([window.exposed(each) for each in cohorts])
    converted = conversions_by_delay(np.array([window.told_apart(each.lags) for each in cohorts]), exposed)
    impressions = exposed.sum(axis=-1) + _PRIOR_IMPRESSIONS
    return [_pending(*each) for each in zip(cohorts, converted, impressions, strict=True)]


def _pending(cohorts: Cohorts, converted: NDArray[np.float64], impressions: NDArray[np.float64]) -> Pending:
    if not cohorts.impressions.size:
        return NOTHING_PENDING
    to_come = cohorts.impressions - cohorts.arrived_impressions
    by_hour: NDArray[np.float64] = (converted / impressions) @ to_come
    each = to_come.sum(axis=1) / impressions
    return Pending(by_hour, upper_bound(float(by_hour.sum()), float(converted @ (each * each))))


def conversions_by_delay(lags: NDArray[np.float64], exposed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return [activities, delays]: how many conversions were of which mean delay, those of the prior among them.

    `lags` is [activities, lags] and `exposed` [activities, delays, lags], impressions that were old enough.
    """
    by_lag = np.ascontiguousarray(np.maximum(exposed, 1e-12).swapaxes(1, 2))
    impressions = exposed.sum(axis=-1) + _PRIOR_IMPRESSIONS
    found = np.full(impressions.shape, _PRIOR_CONVERSIONS)
    for _ in range(_STEPS):
        rates = found / impressions
        expected = by_lag * rates[:, None, :]  # sums along an axis: the same for one activity as for all
        found = _PRIOR_CONVERSIONS + (expected * (lags / expected.sum(axis=-1))[:, :, None]).sum(axis=1)
    return found


class _Window(NamedTuple):
    """The lags that are told apart in an attribution window: by code, from `first` on, the last without an end."""

    first: int
    ends_ms: NDArray[np.float64]
    """[lags], where each ends."""
    arrived: NDArray[np.float64]
    """[delays, lags], until then."""

    def told_apart(self, lags: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return conversions by what is told apart, of those by code."""
        last = self.first + self.ends_ms.size - 1
        found = lags[self.first : last + 1].copy()
        found[0] += lags[NO_LAG + 1 : self.first].sum()
        found[-1] += lags[last + 1 :].sum()
        return found

    def exposed(self, cohorts: Cohorts) -> NDArray[np.float64]:
        """Return [delays, lags]: the impressions that are old enough, each as far as it is, to have shown the lag."""
        ages, hours = cohorts.ages_ms[::-1], cohorts.impressions.size
        shown, until = np.zeros(hours + 1), np.zeros((_DELAYS, hours + 1))
        np.cumsum(cohorts.impressions[::-1], out=shown[1:])
        np.cumsum(cohorts.arrived_impressions[:, ::-1], axis=1, out=until[:, 1:])
        younger = np.searchsorted(ages, self.ends_ms)
        some: NDArray[np.float64] = until[:, younger] + self.arrived * (shown[-1] - shown[younger])
        some[:, 1:] -= some[:, :-1].copy()
        return some


@cache
def _window(window_ms: int) -> _Window:
    """Return what is told apart: the last is the window's own, for lists that lay unread for long are later."""
    first = max(lag_code(window_ms >> _SHORTEST) - 2, NO_LAG + 1)
    last = max(lag_code(window_ms), first)
    ends = np.array([lag_starts_ms(code + 1) for code in range(first, last)] + [np.inf])
    return _Window(first, ends, arrived_by(ends, window_ms))


def arrived_by(age_ms: NDArray[np.int64] | NDArray[np.float64], window_ms: int) -> NDArray[np.float64]:
    """Return [delays, ages]: the share of an impression's conversions that come until an age, by mean delay."""
    means = window_ms * np.exp2(-np.linspace(0.0, _SHORTEST, _DELAYS))[:, None]
    share = np.expm1(-age_ms / means) / np.expm1(-window_ms / means)
    found: NDArray[np.float64] = np.minimum(share, 1.0)
    return found
