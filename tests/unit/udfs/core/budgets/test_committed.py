"""Spending that is to be expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.udfs.core.budgets.committed import (
    Cohorts,
    arrived_by,
    cohorts_of,
    conversions_by_delay,
    pending_of,
)
from tideline.udfs.core.budgets.ledger import HOUR_MS, LEDGER, NO_LAGS
from tideline.udfs.core.budgets.spending_stop import upper_bound
from tideline.udfs.core.lags import LAG_CODES, lag_code

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.budgets.committed import Pending

WINDOW_MS = 7 * 24 * HOUR_MS
RATE = 0.02


def world(hours: int, means: tuple[float, ...], each: int = 1000, seed: int = 1) -> tuple[Cohorts, int]:
    """Return what impressions of so many hours have brought, and how many conversions are still to come.

    Delays are exponential, each of one of these means in hours.
    """
    rng = np.random.default_rng(seed)
    born = np.repeat(np.arange(hours), rng.binomial(each, RATE, hours))
    delays = rng.exponential(np.array(means)[rng.integers(0, len(means), born.size)])
    ages = hours - born - rng.random(born.size)
    lags = np.zeros(LAG_CODES)
    inside = delays * HOUR_MS < WINDOW_MS
    for delay in delays[inside & (delays <= ages)]:
        lags[lag_code(int(delay * HOUR_MS))] += 1
    mid = (np.arange(hours) + 1) * HOUR_MS - HOUR_MS // 2
    return cohorts(mid, np.full(hours, float(each)), lags), int((inside & (delays > ages)).sum())


def cohorts(
    ages_ms: NDArray[np.int64], impressions: NDArray[np.float64], lags: NDArray[np.float64], window_ms: int = WINDOW_MS
) -> Cohorts:
    """Return those of one activity, the newest first."""
    arrived, places = arrived_by(ages_ms, window_ms), np.arange(ages_ms.size)
    return Cohorts(ages_ms, arrived, impressions[None], lags[None], places, np.array([ages_ms.size]))


def pending(known: Cohorts) -> Pending:
    (found,) = pending_of(known, WINDOW_MS)
    return found


@pytest.mark.parametrize("means", [(0.05,), (2.0,), (12.0,), (36.0,), (0.05, 36.0), (0.05, 0.05, 0.05, 60.0)])
def test_what_is_pending_is_learned_from_what_has_come(means: tuple[float, ...]) -> None:
    """Contract: near the truth once impressions are older than the window; before, rather more than less.

    Whether all come at once, days later, or some of each, no more come than the most.
    """
    for seed in range(5):
        known, truth = world(300, means, seed=seed)
        found = pending(known)
        assert float(found.by_hour.sum()) == pytest.approx(truth, rel=0.35, abs=10.0)
        assert truth <= found.most
        for hours in (12, 24, 96):
            known, truth = world(hours, means, seed=seed)
            assert truth <= pending(known).most < 50 + 10 * truth


def test_many_that_came_at_once_leave_little_open() -> None:
    """Contract: after a day of conversions within minutes a few are kept back for those that may be late."""
    known, _ = world(24, (0.05,))
    assert known.lags.sum() > 400
    assert pending(known).most < 20


def test_few_conversions_show_how_late_they_are_too() -> None:
    """Contract: twenty within minutes tell more than that they came; as many of which nothing is known hold all."""
    known, _ = world(24, (0.05,), each=40)
    assert 10 <= known.lags.sum() < 40
    late = cohorts(known.ages_ms, known.impressions[0], np.zeros(LAG_CODES))
    late.lags[0, lag_code(10 * HOUR_MS)] = known.lags.sum()
    assert pending(known).most < 15 < 2 * known.lags.sum() < pending(late).most


def test_of_new_impressions_much_is_pending() -> None:
    """Contract: without any that are old enough to tell, a third of them may convert."""
    known = cohorts(np.array([1]), np.array([90.0]), np.zeros(LAG_CODES))
    assert pending(known).most > 30


def test_impressions_older_than_the_window_bring_nothing_more() -> None:
    ages = np.array([WINDOW_MS, 2 * WINDOW_MS])
    lags = np.zeros(LAG_CODES)
    lags[[1, 20, 31, LAG_CODES - 1]] = 12, 5, 9, 2  # of lists that lay unread some are later than the window
    found = pending(cohorts(ages, np.array([500.0, 500.0]), lags))
    assert (found.by_hour.tolist(), found.most) == ([0.0, 0.0], upper_bound(0.0))


def test_an_empty_ledger_has_nothing_pending() -> None:
    assert pending(cohorts_of([(np.zeros(0, LEDGER), NO_LAGS)], 5, WINDOW_MS)).most == upper_bound(0.0)
    assert pending_of(cohorts_of([], 5, WINDOW_MS), WINDOW_MS) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**16))
def test_of_an_activity_it_is_the_same_whoever_else_is_asked_for(count: int, seed: int) -> None:
    """Contract: to the last bit, so one that is noted between two publications stands where it would have stood."""
    rng = np.random.default_rng(seed)
    ledgers = []
    for _ in range(count):
        each = np.zeros(3, LEDGER)
        each["hour"] = np.sort(rng.choice(200, 3, replace=False))
        each["impressions"] = rng.integers(0, 10**6, 3)
        ledgers.append((each, rng.integers(0, 9, LAG_CODES)))
    together = pending_of(cohorts_of(ledgers, 150 * HOUR_MS, WINDOW_MS), WINDOW_MS)
    for ledger, found in zip(ledgers, together, strict=True):
        (alone,) = pending_of(cohorts_of([ledger], 150 * HOUR_MS, WINDOW_MS), WINDOW_MS)
        assert (alone.by_hour.tobytes(), alone.most) == (found.by_hour.tobytes(), found.most)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 10**9), min_size=18, max_size=18),
    st.lists(st.integers(0, 10**9), min_size=18, max_size=18),
)
def test_whatever_lags_there_are_every_conversion_has_a_delay(counts: list[int], shown: list[int]) -> None:
    """Contract: all that came are of some delay, and one of the prior; of lags that none can have shown too."""
    exposed = np.linspace(0.0, 1.0, 14)[:, None] * np.array(shown, np.float64)
    found = conversions_by_delay(np.array([counts], np.float64), exposed[None])
    assert np.isfinite(found).all()
    assert float(found.sum()) == pytest.approx(sum(counts) + 1.0)


@pytest.mark.parametrize("window_ms", [1, 1000, WINDOW_MS, 400 * 24 * HOUR_MS])
def test_any_window_can_be_asked_for(window_ms: int) -> None:
    ages = np.array([0, HOUR_MS, 3 * HOUR_MS])
    lags = np.arange(LAG_CODES).astype(np.float64)
    (found,) = pending_of(cohorts(ages, np.full(3, 50.0), lags, window_ms), window_ms)
    assert 0.0 <= found.by_hour.sum() < found.most


def test_hours_to_come_have_no_age() -> None:
    """Contract: a clock that is ahead makes no negative age, and the present hour is half as old as it has lasted."""
    ledger = np.zeros(3, LEDGER)
    ledger["hour"] = [0, 1, 5]
    known = cohorts_of([(ledger, NO_LAGS)], HOUR_MS + 1000, WINDOW_MS)
    expected = arrived_by(np.array([0, 500, HOUR_MS // 2 + 1000]), WINDOW_MS)
    assert known.arrived.tolist() == expected.tolist()
