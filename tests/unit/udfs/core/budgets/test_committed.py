"""Spending that is to be expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.udfs.core.budgets.committed import Cohorts, arrived_by, cohorts_of, delay_weights, heard_of, pending_of
from tideline.udfs.core.budgets.ledger import HOUR_MS, LEDGER

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW_MS = 7 * 24 * HOUR_MS


def world(hours: int, mean_hours: float, each: int = 1000, rate: float = 0.02) -> Cohorts:
    """Return what impressions of so many hours have brought where delays are exponential."""
    ages = (hours - np.arange(hours)) * HOUR_MS - HOUR_MS // 2
    share = 1 - np.exp(-ages / HOUR_MS / mean_hours)
    return Cohorts(arrived_by(ages, WINDOW_MS), np.full(hours, float(each)), np.rint(each * rate * share))


def weights(known: Cohorts) -> NDArray[np.float64]:
    """Return how likely each delay is where nobody else has shown anything."""
    return delay_weights(known, heard_of([known]))


@pytest.mark.parametrize("mean_hours", [0.5, 12.0, 30.0])
def test_what_is_pending_is_learned_from_what_has_come(mean_hours: float) -> None:
    """Contract: within a quarter of the truth, where conversions come at once, within a day or later."""
    known = world(96, mean_hours)
    share = 1 - np.exp(-(96.5 - np.arange(1, 97)) / mean_hours)
    truth = float((1000 * 0.02 * (1 - share)).sum())
    found = pending_of(known, weights(known))
    assert float(found.by_hour.sum()) == pytest.approx(truth, rel=0.25, abs=6.0)
    assert found.upper > found.by_hour.sum()


def test_conversions_within_the_first_hour_are_not_taken_for_the_first_of_many() -> None:
    """Contract: of a new activity a high rate that is already here is likelier than a far higher one to come."""
    known = Cohorts(arrived_by(np.array([HOUR_MS // 4]), WINDOW_MS), np.array([1000.0]), np.array([20.0]))
    assert float(pending_of(known, weights(known)).by_hour.sum()) < 20


def test_impressions_older_than_the_window_bring_nothing_more() -> None:
    arrived = arrived_by(np.array([WINDOW_MS, 2 * WINDOW_MS]), WINDOW_MS)
    known = Cohorts(arrived, np.array([500.0, 500.0]), np.array([3.0, 9.0]))
    assert pending_of(known, weights(known)).upper == 0.0


def test_an_empty_ledger_has_nothing_pending() -> None:
    (known,) = cohorts_of([np.zeros(0, LEDGER)], 5, WINDOW_MS)
    assert pending_of(known, weights(known)).upper == 0.0


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(6)), st.integers(0, 2**16))
def test_it_is_a_function_of_the_ledger_alone(order: list[int], seed: int) -> None:
    """Contract: the order in which ledgers are looked at does not matter beyond rounding."""
    rng = np.random.default_rng(seed)
    ledgers = [np.zeros(3, LEDGER) for _ in range(6)]
    for each in ledgers:
        each["hour"], each["impressions"] = np.arange(3), rng.integers(0, 500, 3)
        each["conversions"] = rng.binomial(each["impressions"], 0.05)
    known = cohorts_of(ledgers, 4 * HOUR_MS, WINDOW_MS)
    again = heard_of(cohorts_of([ledgers[at] for at in order], 4 * HOUR_MS, WINDOW_MS))
    np.testing.assert_allclose(delay_weights(known[0], heard_of(known)), delay_weights(known[0], again), rtol=1e-9)


def test_that_all_others_convert_at_once_says_little_of_an_activity() -> None:
    """Contract: of one whose conversions come a day later most are still expected, however many others have come."""
    late, quick = world(24, 36.0), world(24 * 7, 0.05)
    alone = float(pending_of(late, weights(late)).by_hour.sum())
    for times in (1, 50):
        found = pending_of(late, delay_weights(late, heard_of([late, *[quick] * times])))
        assert 0.7 * alone < float(found.by_hour.sum()) < found.upper


def test_a_new_activity_is_taken_for_what_others_are_until_it_shows() -> None:
    """Contract: what others have shown counts as some conversions; without any nothing is known."""
    new = Cohorts(arrived_by(np.array([HOUR_MS * 6]), WINDOW_MS), np.array([50.0]), np.array([0.0]))
    quick, late = (world(24 * 7, mean_hours) for mean_hours in (0.05, 36.0))
    expected = [
        float(pending_of(new, delay_weights(new, heard_of([new, each]))).by_hour.sum()) for each in (quick, late)
    ]
    assert expected[0] < 0.5 * expected[1]


def test_hours_to_come_have_no_age() -> None:
    """Contract: a clock that is ahead makes no negative age, and the present hour is half as old as it has lasted."""
    ledger = np.zeros(3, LEDGER)
    ledger["hour"] = [0, 1, 5]
    (known,) = cohorts_of([ledger], HOUR_MS + 1000, WINDOW_MS)
    expected = arrived_by(np.array([HOUR_MS // 2 + 1000, 500, 0]), WINDOW_MS)
    assert known.arrived.tolist() == expected.tolist()
