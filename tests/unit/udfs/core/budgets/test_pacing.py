"""Plans and prices of budgets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.core_world import NOON_MS
from tideline.schemas.fields import LATEST_MS
from tideline.udfs.core.budgets.ledger import HOUR_MS
from tideline.udfs.core.budgets.pacing import PRICE_UNIT, Pacing, Plan, allotted, in_price_units, plan_of, pressure

EVEN = Plan(0, 1, np.ones(10))


def test_the_price_doubles_and_more_where_a_twentieth_too_much_is_spent() -> None:
    """Contract: spent .3 of 1 where .25 was planned: exp(16 x .05)."""
    plan = Plan(0, 1, np.array([0.25, 0.75]))
    assert pressure(np.array([0.3]), plan, 1.0, 1.0) == pytest.approx(2.225541, abs=5e-7)


def test_on_its_plan_a_price_is_as_at_the_start() -> None:
    assert pressure(np.full(4, 0.1), EVEN, 1.0, 1.0) == pytest.approx(1.0)


def test_what_was_spent_too_much_is_taken_from_all_hours_to_come() -> None:
    """Contract: the plan is anchored anew to what is left."""
    assert allotted(np.array([0.28, 0.08, 0.08]), EVEN, 1.0) == pytest.approx([0.1, 0.08, 0.08])


def test_nothing_is_allotted_of_a_budget_that_is_gone() -> None:
    assert allotted(np.array([2.0, 0.0]), EVEN, 1.0).tolist() == [0.1, 0.0]


@given(st.lists(st.floats(0, 3), min_size=1, max_size=10), st.floats(0, 1), st.floats(0, 3))
def test_more_spent_now_never_lowers_the_price_and_no_price_leaves_its_bounds(
    spent: list[float], gone: float, more: float
) -> None:
    low = pressure(np.array(spent), EVEN, 1.0, gone)
    high = pressure(np.array([*spent[:-1], spent[-1] + more]), EVEN, 1.0, gone)
    assert math.exp(-8.0) <= low <= high <= math.exp(8.0)


def test_the_first_and_last_hour_count_as_far_as_they_are_inside() -> None:
    plan = plan_of(HOUR_MS // 2, 3 * HOUR_MS + HOUR_MS // 4)
    assert (plan.first_hour, plan.weights.tolist()) == (0, [0.5, 1.0, 1.0, 0.25])


def test_a_plan_of_years_has_periods_of_several_hours() -> None:
    """Contract: at most 9,600 periods, which together are the whole."""
    plan = plan_of(0, 20_000 * HOUR_MS)
    assert (plan.hours_each, plan.weights.size, plan.weights.sum()) == (3, 6667, 20_000.0)
    assert plan.period(np.array([-5, 0, 2, 3, 10**6])).tolist() == [0, 0, 0, 1, 6666]


def test_an_activity_that_ends_in_no_foreseeable_time_has_a_plan_of_the_same_size() -> None:
    """Contract: the latest end that the topic takes, in the year 9999: hour by hour its plan took 2 GB."""
    ends_ms = LATEST_MS
    plan = plan_of(NOON_MS, ends_ms)
    assert 9_000 < plan.weights.size <= 9_600
    assert plan.weights.sum() == pytest.approx((ends_ms - NOON_MS) / HOUR_MS)
    assert plan.gone(NOON_MS + HOUR_MS)[0] == 0


def test_the_share_of_a_period_that_is_over_stays_within_the_plan() -> None:
    plan = plan_of(0, 4 * HOUR_MS)
    assert plan.gone(-1) == (0, 0.0)
    assert plan.gone(5 * HOUR_MS // 2) == (2, 0.5)
    assert plan.gone(9 * HOUR_MS) == (3, 1.0)


def test_a_front_plan_has_half_as_much_again_in_its_first_half() -> None:
    assert plan_of(0, 4 * HOUR_MS, Pacing.FRONT).weights.tolist() == [1.5, 1.5, 1.0, 1.0]


def test_prices_are_whole_numbers() -> None:
    assert in_price_units(0.25) == 2**22
    assert in_price_units(PRICE_UNIT / 3) == 0
