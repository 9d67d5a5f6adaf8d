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
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.ledger import HOUR_MS, NO_LEDGER
from tideline.udfs.core.budgets.spending_stop import upper_bound
from tideline.udfs.core.lags import LAG_CODES, NO_LAG, lag_code, lag_starts_ms

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


_SHARE_UNIT = 2.0**-24
"""Shares are whole numbers of it: sums of them over 2^29 impressions are exact, whatever order they are added in."""


@dataclass(frozen=True)
class Cohorts:
    """The impressions of some activities by hour, the newest first, and how late their conversions came."""

    ages_ms: NDArray[np.int64]
    """[hours] of any of them, rising."""
    arrived: NDArray[np.float64]
    """[delays, hours], see `arrived_by`."""
    impressions: NDArray[np.float64]
    """[activities, hours]"""
    lags: NDArray[np.float64]
    """[activities, codes] of lags.py: conversions."""
    places: NDArray[np.int64]
    """Of all rows of all ledgers, one ledger behind the other: which hour each is."""
    rows: NDArray[np.int64]
    """How many rows each activity's ledger has."""

    def own(self) -> NDArray[np.int64]:
        """Return of each row of all ledgers whose it is."""
        return np.repeat(np.arange(self.rows.size), self.rows)


class Pending(NamedTuple):
    """Conversions that are still to come."""

    by_hour: NDArray[np.float64]
    """Expected of each hour of the ledger."""
    most: float
    """More of all come in one case of 100."""


def cohorts_of(ledgers: Sequence[tuple[NDArray[Any], NDArray[np.int64]]], now_ms: int, window_ms: int) -> Cohorts:
    """Return ledgers, each with its lags, as they are at a moment; hours after it are of no age."""
    every = np.concatenate([NO_LEDGER["hour"], *(each["hour"] for each, _ in ledgers)])
    hours = np.unique(every)
    starts = hours[::-1] * HOUR_MS
    ages = np.maximum(now_ms - (starts + np.clip(now_ms - starts, 0, HOUR_MS) // 2), 0)
    found = Cohorts(
        ages,
        arrived_by(ages, window_ms),
        np.zeros((len(ledgers), hours.size)),
        np.array([np.maximum(lags, 0) for _, lags in ledgers], np.float64).reshape(-1, LAG_CODES),
        hours.size - 1 - np.searchsorted(hours, every),
        np.array([each.size for each, _ in ledgers], np.int64),
    )
    shown = np.concatenate([NO_LEDGER["impressions"], *(each["impressions"] for each, _ in ledgers)])
    found.impressions[found.own(), found.places] = np.maximum(shown, 0)
    return found


def pending_of(cohorts: Cohorts, window_ms: int) -> list[Pending]:
    """Return what each activity's impressions are still to bring: of one the same, whoever else is asked for."""
    if not cohorts.rows.size:
        return []
    window = _window(window_ms)
    exposed, to_come = window.exposed(cohorts)
    converted = conversions_by_delay(window.told_apart(cohorts.lags), exposed)
    impressions = exposed.sum(axis=-1) + _PRIOR_IMPRESSIONS
    by_hour = np.split(_by_row(cohorts, converted / impressions), np.cumsum(cohorts.rows)[:-1])
    each = to_come / impressions
    means, variances = (converted * each).sum(axis=1), (converted * each * each).sum(axis=1)
    told = zip(by_hour, means.tolist(), variances.tolist(), strict=True)
    return [Pending(its, upper_bound(mean, variance)) for its, mean, variance in told]


def _by_row(cohorts: Cohorts, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is expected of each row of all ledgers, at rates [activities, delays]."""
    young = int((cohorts.arrived.min(axis=0, initial=1.0) < 1.0).sum())
    expected = np.zeros(cohorts.impressions.shape)
    for delay in range(_DELAYS):  # one behind the other: the same sum for one activity as for all
        expected[:, :young] += rates[:, delay, None] * (1.0 - cohorts.arrived[delay, :young])
    expected *= cohorts.impressions
    found: NDArray[np.float64] = expected[cohorts.own(), cohorts.places]
    return found


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
        """Return conversions [activities, lags] by what is told apart, of those by code."""
        last = self.first + self.ends_ms.size - 1
        found = lags[:, self.first : last + 1].copy()
        found[:, 0] += lags[:, NO_LAG + 1 : self.first].sum(axis=1)
        found[:, -1] += lags[:, last + 1 :].sum(axis=1)
        return found

    def exposed(self, cohorts: Cohorts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return [activities, delays, lags]: the impressions that are old enough, each as far as it is, for the lag.

        And [activities, delays]: those whose conversions should not have come yet.
        """
        younger = np.searchsorted(cohorts.ages_ms, self.ends_ms)
        every = np.vstack([cohorts.arrived, np.ones(cohorts.ages_ms.size)])
        until, begun = np.zeros((self.ends_ms.size, cohorts.rows.size, _DELAYS + 1)), 0
        for lag, end in enumerate(younger.tolist()):
            until[lag] = until[lag - 1] if lag else 0.0
            if end > begun:
                until[lag] += cohorts.impressions[:, begun:end] @ every[:, begun:end].T
            begun = end
        shown, arrived = until[:, :, -1:], until[:, :, :-1]
        some = arrived + self.arrived.T[:, None, :] * (shown[-1] - shown)
        some[1:] -= some[:-1].copy()
        return some.transpose(1, 2, 0), shown[-1] - arrived[-1]


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
    found: NDArray[np.float64] = np.round(np.minimum(share, 1.0) / _SHARE_UNIT) * _SHARE_UNIT
    return found
