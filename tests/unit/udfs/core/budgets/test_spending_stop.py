"""Hard stops, their bounds, and leases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.budgets.spending_stop import (
    MAX_LEASE_MS,
    MIN_LEASE_MS,
    lease_ms,
    must_stop,
    overshoot_bound,
    upper_bound,
)
from tideline.udfs.core.limits import LEAST_CONVERSIONS


def test_the_bounds_are_what_they_were_worked_out_to_be() -> None:
    """Contract: U(100, .01), and rA + 4 sqrt(rA) at ten impressions a second."""
    assert upper_bound(100.0, risk=0.01) == pytest.approx(131.8836, abs=5e-5)
    assert overshoot_bound(10.0, 2.4) == pytest.approx(43.5959, abs=5e-5)


def test_rare_events_are_above_the_bound_as_seldom_as_it_says() -> None:
    for mean in (0.2, 3.0, 40.0):
        drawn = np.random.default_rng(1).poisson(mean, 20_000)
        assert (drawn > upper_bound(mean)).mean() <= 0.01


def test_where_the_mean_itself_is_not_known_the_bound_holds_over_both() -> None:
    """Contract: of rates from a Gamma distribution, and of counts that then come."""
    rng = np.random.default_rng(2)
    for mean, variance in ((3.0, 2.0), (40.0, 60.0), (200.0, 900.0)):
        rates = rng.gamma(mean * mean / variance, variance / mean, 20_000)
        assert (rng.poisson(rates) > upper_bound(mean, variance)).mean() <= 0.01


def test_a_budget_stops_while_there_is_room_for_what_is_pending() -> None:
    """Contract: and opens again where what was pending did not come."""
    assert must_stop(50_00, 50.0, 1_00, 100_00)
    assert not must_stop(50_00, 49.0, 1_00, 100_00)


def test_without_a_cost_nothing_is_held_back() -> None:
    assert not must_stop(0, 1e9, 0, 1)
    assert must_stop(0, 0.0, 0, 0)


def test_a_lease_is_between_ten_minutes_and_a_day() -> None:
    assert lease_ms(5.0, 100.0) == MIN_LEASE_MS
    assert lease_ms(1e12, 1.0) == MAX_LEASE_MS == lease_ms(1.0, 0.0)
    assert lease_ms(14_400, 2.0) == 1_800_000


@given(st.floats(0.0, 1e9), st.floats(1e-6, 1e4), st.floats(0.0, 4.0))
def test_who_is_told_nothing_more_overdraws_by_ten_minutes_at_most(left: float, rate: float, busier: float) -> None:
    """Contract: at up to four times its busiest rate a lease shows no more than what is left, or what comes in ten."""
    shown = busier * rate * lease_ms(left, rate) / 1000.0
    assert shown <= max(left, busier * rate * MIN_LEASE_MS / 1000.0) * (1 + 1e-9)


def test_a_budget_that_is_stopped_from_the_start_is_told_to_reach_nobody() -> None:
    """Contract: `tideline activity check` knows by the number of conversions from where on one is ever shown."""
    assert upper_bound(0.0) == LEAST_CONVERSIONS
    assert must_stop(0, upper_bound(0.0), 100_000, int(100_000 * LEAST_CONVERSIONS))
    assert not must_stop(0, upper_bound(0.0), 100_000, int(100_000 * LEAST_CONVERSIONS) + 1)
