"""Where an activity stands with its budget and floor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.fields import MAX_AMOUNT
from tideline.udfs.core.budgets.committed import cohorts_of, pending_of
from tideline.udfs.core.budgets.ledger import HOUR_MS, LEDGER, NO_LAGS, NO_LEDGER
from tideline.udfs.core.budgets.pacing import Pacing
from tideline.udfs.core.budgets.spending_stop import MAX_LEASE_MS, MIN_LEASE_MS
from tideline.udfs.core.budgets.standing import Moment, Standing, decode_standing, encode_standing, standing_of
from tideline.udfs.core.budgets.terms import terms_of
from tideline.udfs.core.catalogue.spending import PACINGS, Stock
from tideline.udfs.core.lags import lag_code

HOURS_AGO = 24


def ledger(conversions: int, impressions: int = 2_400, cents: int = 100) -> NDArray[Any]:
    """A ledger of the day until NOON_MS, the same in each hour."""
    found = np.zeros(HOURS_AGO, LEDGER)
    found["hour"] = NOON_MS // HOUR_MS - HOURS_AGO + np.arange(HOURS_AGO)
    found["impressions"], found["exposure"] = impressions // HOURS_AGO, 100 * impressions // HOURS_AGO
    found["conversions"] = np.diff(np.linspace(0, conversions, HOURS_AGO + 1).round())
    found["cost_cents"] = cents * found["conversions"]
    return found


def standing(known: NDArray[Any], every: NDArray[Any] = NO_LEDGER, **given: Any) -> Standing:
    terms = terms_of(activity("a", **given), 0)
    assert terms is not None
    lags = NO_LAGS.copy()
    lags[lag_code(1000)] = known["conversions"].sum()
    (pending,) = pending_of(cohorts_of([(known, lags)], NOON_MS, DAY_MS), DAY_MS)
    return standing_of(terms, known, pending, Moment(NOON_MS, (5.0, 0.0), every))


def test_the_more_is_spent_the_higher_the_price() -> None:
    """Contract: below its plan a budget of two days costs less than at the first price, above it more."""
    prices = [standing(ledger(count), budget=100.0, cost=1.0).price for count in (0, 20, 50, 70)]
    assert prices == sorted(prices)
    first = 0.1 * 5.0 * 2**24
    assert prices[0] < first < prices[-1]


def test_a_spent_budget_stops_and_a_larger_one_starts_again() -> None:
    """Contract: at once, for a standing is a function of the ledger and of the terms as they are."""
    known = ledger(20)
    stopped = standing(known, budget=20.0, cost=1.0)
    assert (stopped.stopped, stopped.price, stopped.spent_cents) == (True, 0, 2_000)
    assert not standing(known, budget=200.0, cost=1.0).stopped
    assert standing(known, budget=0.0, cost=1.0).stopped


def test_what_is_owed_is_an_offset() -> None:
    """Contract: of the time since the floor was asked for, and of the whole list's places as they are looked at."""
    every = ledger(0, impressions=24_000)
    assert standing(ledger(0, 240), every, exposure_floor=0.05).offset > 0
    assert standing(ledger(0, 2_400), every, exposure_floor=0.05).offset == 0
    assert standing(ledger(0, 240), every, exposure_floor=0.05, starts_ms=NOON_MS + HOUR_MS).offset == 0


def test_a_lease_is_shorter_the_less_is_left() -> None:
    assert standing(ledger(10), budget=1000.0, cost=1.0).lease_ms == MAX_LEASE_MS
    assert standing(ledger(20), budget=20.0, cost=1.0).lease_ms == MIN_LEASE_MS
    assert standing(NO_LEDGER, budget=20.0, cost=1.0).lease_ms == MAX_LEASE_MS


def test_a_total_cap_stops_where_it_is_reached() -> None:
    """Contract: at once, whatever is pending; raised, it goes on; a lease lasts for what is left at its peak."""
    assert standing(ledger(0), total_cap=2_400).stopped
    shown = standing(ledger(0), total_cap=2_401)
    assert (shown.stopped, shown.price, shown.impressions, shown.busiest_hour) == (False, 0, 2_400, 100)
    assert shown.lease_ms == MIN_LEASE_MS
    assert standing(ledger(0), total_cap=3_200).lease_ms == 2 * HOUR_MS
    assert not standing(NO_LEDGER, total_cap=1).stopped


def test_a_stock_stops_as_a_budget_does_of_which_each_conversion_spends_one() -> None:
    """Contract: what is pending is kept back; a price it has none."""
    for left in (10, 20, 30, 60, 200):
        stock, budget = (
            standing(ledger(20), **given) for given in ({"stock": Stock(left, 0)}, {"budget": float(left), "cost": 1.0})
        )
        assert (stock.stopped, stock.lease_ms) == (budget.stopped, budget.lease_ms)
        assert (stock.price, stock.sold) == (0, 20)
    assert standing(ledger(20), stock=Stock(200, 0), budget=20.0, cost=1.0).stopped


def test_without_pacing_a_budget_has_no_price_until_it_stops() -> None:
    assert standing(ledger(10), budget=100.0, cost=1.0, pacing="none").price == 0
    assert standing(ledger(10), budget=10.0, cost=1.0, pacing="none").stopped
    even, front = (standing(ledger(20), budget=60.0, cost=1.0, pacing=name).price for name in ("even", "front"))
    assert front < even


_YEAR_MS = 365 * DAY_MS


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-2 * _YEAR_MS, 2 * _YEAR_MS),
    st.integers(1, 4 * _YEAR_MS),
    st.floats(0.0, MAX_AMOUNT),
    st.floats(0.001, MAX_AMOUNT),
    st.sampled_from(PACINGS),
    st.integers(0, 2_400),
)
def test_whatever_a_marketer_writes_a_standing_can_be_told(
    starts: int, lasts: int, budget: float, cost: float, pacing: str, conversions: int
) -> None:
    """Contract: a window that is over or far away, a budget of nothing or of all there is."""
    times: dict[str, Any] = {"starts_ms": NOON_MS + starts, "ends_ms": NOON_MS + starts + lasts}
    cents = max(round(100 * cost), 1)
    found = standing(ledger(conversions, cents=cents), budget=budget, cost=cost, pacing=pacing, **times)
    assert found.price >= 0
    assert MIN_LEASE_MS <= found.lease_ms <= MAX_LEASE_MS
    assert found.stopped or found.spent_cents < round(100 * budget)
    assert decode_standing(encode_standing("a", found), -1) == ("a", found)


def test_the_paces_that_can_be_written_are_those_there_are() -> None:
    assert tuple(Pacing) == PACINGS


def test_a_record_comes_back_as_it_was_written() -> None:
    """Contract: but for its version, which is the offset it is read at."""
    told = Standing(3, -4, True, 600_000, NOON_MS, 50, 60, 7, impressions=8, busiest_hour=9, sold=10)
    assert decode_standing(encode_standing("tea", told), 12) == ("tea", told._replace(version=12))
    with pytest.raises(InvalidRecord):
        decode_standing(b"\x00", 12)
