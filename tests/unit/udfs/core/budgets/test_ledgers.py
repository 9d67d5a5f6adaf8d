"""All ledgers of a deployment."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.udfs.core.budgets.ledger import HOUR_MS, LEDGER, decode_ledger
from tideline.udfs.core.budgets.ledgers import KeptLedgers, Ledgers, LedgerSettings
from tideline.udfs.core.budgets.owed_exposure import FLOOR_GAIN, OFFSET_LIMIT
from tideline.udfs.core.budgets.pacing import in_price_units
from tideline.udfs.core.budgets.standing import EVERY_ID, Standing
from tideline.udfs.core.catalogue.competing import Variant, variant_mark
from tideline.udfs.core.catalogue.spending import Stock
from tideline.udfs.core.lags import LAG_CODES, lag_code
from tideline.udfs.core.rewards.feedback import ROWS

SETTINGS = LedgerSettings(DAY_MS)
AT_ONCE = lag_code(0)


def rows(count: int, conversions: int = 0, at_ms: int = NOON_MS) -> NDArray[Any]:
    found = np.zeros(count, ROWS)
    found["ts_ms"], found["impressions"] = at_ms, 1
    found["conversions"][:conversions] = 1
    found["lag"][:conversions] = AT_ONCE
    return found


class Kept:
    """Ledgers, and the bytes they would be restored from."""

    def __init__(self) -> None:
        self.ledgers: dict[str, bytes] = {}
        self.terms: dict[str, bytes] = {}
        self.newest_ms = 0
        self.now = Ledgers(SETTINGS, KeptLedgers())

    def note(self, name: str, **given: Any) -> None:
        terms = self.now.note(name, activity(name, **given))
        if terms is not None:
            self.terms[name] = terms

    def delete(self, name: str) -> None:
        terms = self.now.note(name, None)
        assert terms is not None
        self.terms[name] = terms

    def learn(self, **rows_of: NDArray[Any]) -> None:
        changed = self.now.learn(rows_of)
        self.ledgers |= changed.kept
        for name in changed.gone:
            self.ledgers.pop(name, None)
            self.terms.pop(name, None)
        self.newest_ms = changed.newest_ms

    def restore(self) -> None:
        self.now = Ledgers(SETTINGS, KeptLedgers(self.ledgers, self.terms, self.newest_ms))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_standings_do_not_depend_on_order_split_or_restores(seed: int, parts: int) -> None:
    """Contract: the same feedback leads to the same prices, offsets and bytes."""
    rng = np.random.default_rng(seed)
    told = rows(200)
    told["ts_ms"] -= rng.integers(0, DAY_MS, 200)
    told["conversions"] = rng.random(200) < 0.05
    told["lag"] = rng.integers(1, LAG_CODES, 200) * told["conversions"]
    whole, split = Kept(), Kept()
    for each in (whole, split):
        each.note("a", budget=20.0, cost=1.0)
        each.note("b", exposure_floor=0.2)
    whole.learn(a=told, c=rows(9))
    split.learn(c=rows(9))
    for part in np.array_split(told[rng.permutation(200)], parts):
        split.restore()
        split.learn(a=part)
    assert split.now.standings() == whole.now.standings()
    assert (split.ledgers, split.terms, split.newest_ms) == (whole.ledgers, whole.terms, whole.newest_ms)


def test_variants_that_earn_are_counted_beside_the_ledger() -> None:
    """Contract: shares are the sums' whatever the order and restores; a deleted activity keeps its sums, told free."""
    varied = activity("a", variants=(Variant("red"), Variant("cow")), split="earn")
    told = rows(300)
    told["variant"] = np.where(np.arange(300) % 2, variant_mark("a", "cow"), variant_mark("a", "red"))
    told["clicks"] = (np.arange(300) % 7 == 0) & (np.arange(300) % 2 == 1)
    whole, first = Ledgers(SETTINGS, KeptLedgers()), Ledgers(SETTINGS, KeptLedgers())
    terms = first.note("a", varied)
    assert whole.note("a", varied) == terms is not None
    whole.learn({"a": told})
    changed = first.learn({"a": told[150:]})
    kept = KeptLedgers(changed.kept, {"a": terms}, changed.newest_ms, variants=changed.variants)
    second = Ledgers(SETTINGS, kept)
    second.learn({"a": told[:150]})
    assert second.standings() == whole.standings()
    assert second.variant_sums("a") == whole.variant_sums("a")
    ((_, standing),) = whole.standings()
    assert standing.shares[3] > standing.shares[1]

    whole.note("a", None)
    assert whole.standings()[0][1].shares == ()
    whole.note("a", varied)
    assert whole.standings()[0][1].shares == standing.shares
    whole.note("a", activity("a"))
    assert whole.variant_sums("a") is None


def test_only_activities_with_terms_have_ledgers() -> None:
    """Contract: and the sum of all is kept where one is owed a share of it."""
    kept = Kept()
    assert not kept.now
    kept.note("plain")
    kept.note("a", budget=20.0, cost=1.0)
    kept.learn(a=rows(3), plain=rows(4))
    assert set(kept.ledgers) == {"a"}
    kept.note("b", exposure_floor=0.2)
    kept.learn(plain=rows(4))
    assert set(kept.ledgers) == {"a", EVERY_ID}
    assert [name for name, _ in kept.now.standings()] == ["a", "b"]


def test_a_budget_that_is_taken_away_frees_the_activity() -> None:
    """Contract: and put back, it has not forgotten what was spent."""
    kept = Kept()
    kept.note("a", budget=3.0, cost=1.0)
    kept.learn(a=rows(30, 5))
    assert kept.now.standings()[0][1].stopped
    kept.note("a")
    ((_, free),) = kept.now.standings()
    assert (free.stopped, free.price) == (False, 0)
    kept.learn(a=rows(3, 1))
    kept.note("a", budget=9.0, cost=1.0)
    assert kept.now.standings()[0][1].spent_cents == 600


def test_a_deleted_activity_is_forgotten_when_its_window_is_over() -> None:
    kept = Kept()
    kept.note("a", budget=3.0, cost=1.0)
    kept.learn(a=rows(3, 1))
    kept.delete("a")
    kept.learn(b=rows(1))
    assert set(kept.ledgers) == {"a"}
    kept.learn(b=rows(1, at_ms=NOON_MS + DAY_MS + 2 * HOUR_MS))
    assert (kept.ledgers, kept.terms, kept.now.standings()) == ({}, {}, [])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_long_past_says_the_same_in_any_order(seed: int) -> None:
    """Contract: also across the weeks after which a ledger stands by day, and with restores between."""
    rng = np.random.default_rng(seed)
    told = rows(300)
    told["ts_ms"] += rng.integers(0, 90 * DAY_MS, 300)
    told["conversions"] = rng.random(300) < 0.1
    orders, notes = (told, told[rng.permutation(300)]), Kept()
    notes.note("a", budget=200.0, cost=1.0, exposure_floor=0.1, ends_ms=NOON_MS + 100 * DAY_MS)
    notes.note("b", exposure_floor=0.2, starts_ms=NOON_MS + 40 * DAY_MS, ends_ms=NOON_MS + 99 * DAY_MS)
    outcomes = []
    for order in orders:
        each = Kept()
        each.terms = dict(notes.terms)
        for part in np.array_split(order, 7):
            each.restore()
            each.learn(a=part, c=part)
        outcomes.append((each.ledgers, each.now.standings()))
    assert outcomes[0] == outcomes[1]
    assert decode_ledger(outcomes[0][0]["a"])[0]["impressions"].sum() == 300
    assert len(decode_ledger(outcomes[0][0][EVERY_ID])[0]) == 3


def test_the_ledgers_of_a_year_stay_small() -> None:
    """Contract: all together one row a floor; an activity's one an hour of four weeks, and one a day before."""
    kept, of_every = Kept(), []
    for name in ("a", "b"):
        kept.note(name, budget=1e6, cost=1.0, exposure_floor=0.1, ends_ms=NOON_MS + 400 * DAY_MS)
    for hour in range(0, 365 * 24, 3):
        now_ms = NOON_MS + hour * HOUR_MS
        kept.learn(a=rows(4, 1, now_ms), c=rows(20, at_ms=now_ms))
        of_every.append(len(kept.ledgers[EVERY_ID]))
    assert set(of_every[1:]) == {2 + 2 * LEDGER.itemsize}
    assert len(kept.ledgers["a"]) <= (29 * 8 + 338) * LEDGER.itemsize
    assert decode_ledger(kept.ledgers["a"])[0]["cost_cents"].sum() == 365 * 8 * 100
    assert dict(kept.now.standings())["b"].offset > 0


def test_a_floor_that_nobody_has_any_more_leaves_no_sum_of_all() -> None:
    kept = Kept()
    kept.note("b", exposure_floor=0.2)
    kept.learn(c=rows(4))
    kept.note("b", budget=5.0, cost=1.0)
    kept.learn(c=rows(4))
    assert EVERY_ID not in kept.ledgers


def test_a_floor_counts_from_when_it_was_asked_for() -> None:
    """Contract: a note that comes again leaves it where it is."""
    kept = Kept()
    kept.note("x", exposure_floor=0.01)
    kept.learn(c=rows(1000))
    kept.note("b", exposure_floor=0.2)
    assert dict(kept.now.standings())["b"].offset > 0  # the hour in which it was asked for is whole
    later = NOON_MS + 5 * HOUR_MS
    kept.learn(c=rows(10, at_ms=later))
    kept.note("d", exposure_floor=0.2)
    before = dict(kept.now.standings())
    assert 0 < before["d"].offset < before["b"].offset
    kept.learn(c=rows(10, at_ms=later + HOUR_MS))
    kept.note("d", exposure_floor=0.2)
    assert dict(kept.now.standings())["d"].offset > before["d"].offset


def test_a_floor_owes_nothing_for_a_pause() -> None:
    """Contract: nor what was owed before it; a title that is changed meanwhile opens nothing."""
    kept = Kept()
    kept.note("b", exposure_floor=0.2)
    kept.learn(c=rows(1000))
    kept.note("b", exposure_floor=0.2, status="paused")
    kept.learn(c=rows(1000, at_ms=NOON_MS + 5 * HOUR_MS))
    kept.note("b", exposure_floor=0.2, status="paused", title="other")
    assert dict(kept.now.standings())["b"].offset == in_price_units(OFFSET_LIMIT)
    kept.learn(c=rows(1, at_ms=NOON_MS + 9 * HOUR_MS))
    kept.note("b", exposure_floor=0.2)
    assert dict(kept.now.standings())["b"].offset == in_price_units(0.2 * FLOOR_GAIN)


def test_one_that_is_noted_stands_where_all_together_say() -> None:
    """Contract: to the bit, whoever else was noted meanwhile; a thousand notes cost a thousand times one."""
    kept = Kept()
    for name in ("a", "b"):
        kept.note(name, budget=200.0, cost=1.0)
    kept.learn(a=rows(2_000, 90, NOON_MS - 5 * HOUR_MS), b=rows(1_000, 20, NOON_MS - HOUR_MS))
    kept.note("c", budget=5.0, cost=1.0)
    kept.note("a", budget=300.0, cost=1.0)
    ((_, noted),) = kept.now.all("a").standings
    kept.restore()
    assert dict(kept.now.standings())["a"] == noted
    began, count = time.process_time(), 1_000
    for number in range(count):
        kept.note(f"n{number}", budget=9.0, cost=1.0)
        kept.now.all(f"n{number}")
    assert time.process_time() - began < 10.0


def test_a_stock_that_is_counted_anew_begins_anew() -> None:
    """Contract: the same statement again fills nothing up, nor does a deletion in between; another one does."""
    kept, later = Kept(), NOON_MS + 3 * HOUR_MS
    kept.note("a", stock=Stock(50, NOON_MS - HOUR_MS))
    kept.learn(a=rows(100, 10))
    for restored in (False, True):
        if restored:
            kept.delete("a")
            kept.restore()
        kept.note("a", stock=Stock(50, NOON_MS - HOUR_MS))
        assert dict(kept.now.standings())["a"].sold == 10
    kept.note("a", stock=Stock(50, later))
    assert dict(kept.now.standings())["a"].sold == 0
    kept.learn(a=rows(100, 4, at_ms=later))
    assert dict(kept.now.standings())["a"].sold == 4
    kept.note("a", stock=Stock(20, NOON_MS))
    assert dict(kept.now.standings())["a"].sold == 14


def test_a_total_cap_counts_what_was_shown_since_anything_was_limited() -> None:
    kept = Kept()
    kept.note("a", budget=50.0, cost=1.0)
    kept.learn(a=rows(300))
    kept.note("a", total_cap=300)
    assert dict(kept.now.standings())["a"].stopped
    kept.note("a", total_cap=301)
    assert not dict(kept.now.standings())["a"].stopped
    kept.note("a")
    assert dict(kept.now.standings())["a"] == Standing(as_of_ms=NOON_MS)


def test_a_budget_that_is_given_midway_is_planned_from_then_on() -> None:
    """Contract: the days before it do not count as behind the plan, nor those before anything was shown."""
    kept = Kept()
    kept.learn(c=rows(10))
    long_ago = NOON_MS - 300 * DAY_MS
    kept.note("a", budget=100.0, cost=1.0, starts_ms=long_ago)
    kept.note("b", budget=100.0, cost=1.0)
    kept.learn(a=rows(50, 5), b=rows(50, 5))
    prices = {name: each.price for name, each in kept.now.standings()}
    assert prices["a"] == prices["b"] > 0
