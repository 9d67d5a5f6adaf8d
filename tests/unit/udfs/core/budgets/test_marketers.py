"""What marketers can do to a budget while it is spent, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.udfs.core.budgets.ledger import HOUR_MS
from tideline.udfs.core.budgets.ledgers import KeptLedgers, Ledgers, LedgerSettings
from tideline.udfs.core.budgets.pacing import PRICE_UNIT
from tideline.udfs.core.rewards.feedback import ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAYS = 10
RATE = 0.05
UNKNOWN = 20
"""At most so much is spent in the hour that the ledger has not heard of yet."""
_WORTH = 5.0
_FIRST = 0.1 * _WORTH
Changes = dict[int, dict[str, Any]]
"""What an activity becomes, by hour."""


class Sale:
    """An activity that could spend 800 in ten days at its first price; an hour of it is learned of behind the hour."""

    def __init__(self, seed: int, **given: Any) -> None:
        self._rng = np.random.default_rng(seed)
        self._ledgers = Ledgers(LedgerSettings(DAY_MS, (_WORTH, 0.0)), KeptLedgers())
        self._given: dict[str, Any] = {"starts_ms": NOON_MS, "ends_ms": NOON_MS + DAYS * DAY_MS, "cost": 1.0} | given
        self.spent = np.zeros(DAYS * 24, np.int64)
        self.hour = 0
        self.put()

    def put(self, **changes: Any) -> None:
        self._given |= changes
        self._ledgers.note("a", activity("a", **self._given))

    def delete(self) -> None:
        self._ledgers.note("a", None)

    def play(self, until: int) -> None:
        """Go on to an hour, a publication each: others are shown all the time."""
        while self.hour < until:
            at_ms = NOON_MS + self.hour * HOUR_MS
            rows: dict[str, NDArray[Any]] = {"other": _rows(1, 0, at_ms)}
            standing = dict(self._ledgers.standings()).get("a")
            if standing is not None and not standing.stopped and self._given.get("status", "active") == "active":
                demand = 800 / (24 * DAYS) / RATE * np.exp(1.0 - standing.price * PRICE_UNIT / _FIRST)
                shown = int(self._rng.poisson(demand))
                self.spent[self.hour] = self._rng.binomial(shown, RATE)
                rows["a"] = _rows(shown, int(self.spent[self.hour]), at_ms + HOUR_MS // 2)
            self._ledgers.learn({name: each for name, each in rows.items() if each.size})
            self.hour += 1

    @property
    def total(self) -> int:
        return int(self.spent.sum())


def _rows(count: int, conversions: int, at_ms: int) -> NDArray[Any]:
    found = np.zeros(count, ROWS)
    found["ts_ms"], found["impressions"] = at_ms, 1
    found["conversions"][:conversions] = 1
    return found


def test_a_budget_that_stays_is_spent_evenly() -> None:
    sale = Sale(1, budget=400.0)
    sale.play(240)
    assert 360 <= sale.total <= 400
    assert sale.spent[:120].sum() == pytest.approx(200, abs=40)


@pytest.mark.parametrize("hour", [24, 120, 200])
def test_a_lowered_budget_goes_on_with_what_is_left(hour: int) -> None:
    """Contract: evenly over the rest of the time, and not after the smaller budget's plan has caught up."""
    sale = Sale(2, budget=400.0)
    sale.play(hour)
    before = sale.total
    sale.put(budget=before + 60.0)
    sale.play(240)
    assert 45 <= sale.total - before <= 60
    half = (240 - hour) // 2
    assert 12 <= sale.spent[hour : hour + half].sum() <= 48


def test_a_raised_budget_is_not_spent_at_once() -> None:
    """Contract: what is new is for the time that is left."""
    sale = Sale(3, budget=200.0)
    sale.play(120)
    before = sale.total
    sale.put(budget=400.0)
    sale.play(240)
    assert 350 <= sale.total <= 400
    assert sale.spent[120:144].sum() <= (400 - before) / 5 * 1.6


def test_a_pause_is_not_made_up_for_at_once() -> None:
    """Contract: nor is an activity that was deleted while it spent, and put in again: what it had spent counts."""
    for withdrawn in ("paused", "deleted"):
        sale = Sale(4, budget=300.0)
        sale.play(60)
        if withdrawn == "paused":
            sale.put(status="paused")
        else:
            sale.put(status="ended")
            sale.delete()
        sale.play(72)
        sale.put(status="active")
        before = sale.total
        sale.play(240)
        assert 260 <= sale.total <= 300
        assert sale.spent[72:96].sum() <= (300 - before) / 7 * 1.7


def test_another_end_spreads_what_is_left_anew() -> None:
    sale = Sale(5, budget=300.0, ends_ms=NOON_MS + 5 * DAY_MS)
    sale.play(110)
    before = sale.total
    sale.put(ends_ms=NOON_MS + DAYS * DAY_MS)
    sale.play(240)
    assert sale.total <= 300 + UNKNOWN
    assert sale.spent[110:].sum() >= 0.7 * (300 - before)


def test_a_budget_of_nothing_stops_at_the_next_publication() -> None:
    """Contract: under load; a window that is over and a budget put back to what is spent do too."""
    sale = Sale(6, budget=400.0)
    sale.play(50)
    before = sale.total
    for budget in (0.0, float(before), before + 1.0):
        sale.put(budget=budget)
        sale.play(sale.hour + 10)
        assert sale.total == before


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.dictionaries(st.integers(1, 230), st.integers(0, 600), max_size=6),
    st.booleans(),
)
def test_no_series_of_changes_spends_more_than_the_largest_budget(
    seed: int, budgets: dict[int, int], deletes: bool
) -> None:
    """Contract: nor more than the last one where that came before it was spent, whatever happened in between."""
    sale = Sale(seed, budget=100.0)
    last, spent_then = 100, 0
    for hour in sorted(budgets):
        sale.play(hour)
        if deletes:
            sale.delete()
        sale.put(budget=float(budgets[hour]))
        last, spent_then = budgets[hour], sale.total
    sale.play(240)
    assert sale.total <= max(last, spent_then) + UNKNOWN


def test_a_conversion_that_is_taken_back_never_gives_back_more_than_it_took() -> None:
    """Contract: cost 1, then 100: ten conversions that move to other lists leave no credit of 990."""
    ledgers = Ledgers(LedgerSettings(DAY_MS, (_WORTH, 0.0)), KeptLedgers())
    ledgers.note("a", activity("a", budget=5000.0, cost=1.0))
    ledgers.learn({"a": _rows(1000, 10, NOON_MS)})
    ledgers.note("a", activity("a", budget=5000.0, cost=100.0))
    back = _rows(10, 10, NOON_MS)
    back["impressions"], back["conversions"] = 0, -1
    ledgers.learn({"a": back})
    assert dict(ledgers.standings())["a"].spent_cents == 0
    ledgers.note("a", activity("a", budget=5000.0, cost=0.5))
    ledgers.learn({"a": _rows(10, 10, NOON_MS)})
    assert dict(ledgers.standings())["a"].spent_cents == 500
