"""Contract: what is used up is shown to nobody, ledgers are the truth, and few limits are overdrawn."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.unit.scripts.benchmarks.year.test_year_shop import NOON_MS, opened, records, running, seen, view
from tideline.scripts.benchmarks.year.year_limits import Limits, conversions_for, is_used_up, tail
from tideline.scripts.benchmarks.year.year_truth import Shown, Truth
from tideline.scripts.benchmarks.year.year_violations import Violations
from tideline.scripts.benchmarks.year.year_visitors import read_page
from tideline.scripts.benchmarks.year.year_world import Change
from tideline.udfs.core.catalogue.spending import Stock


@pytest.fixture
def limits() -> Limits:
    """A shop with `a1`, and `a2` that may be shown three times or bought twice, whichever comes first."""
    shop = opened("a1")
    shop.change([Change("a2", running("a2", total_cap=3, budget=5.0, cost=2.5))])
    return Limits(shop, Truth(), Violations())


def told(limits: Limits, times: int, conversions: int = 0) -> None:
    for number in range(times):
        shown = Shown(f"u{number}", (1, NOON_MS, 1), "a2", 1)
        limits.truth.impression(shown, NOON_MS)
        if number < conversions:
            limits.truth.conversion(shown, NOON_MS, 1_000)


@pytest.mark.parametrize(("times", "conversions", "broken"), [(2, 1, 0), (3, 0, 1), (2, 2, 1)])
def test_what_a_publication_knew_to_be_used_up_is_shown_no_more(
    times: int, conversions: int, broken: int, limits: Limits
) -> None:
    """Contract: total cap and budget alike; before the publication nobody knew."""
    told(limits, times, conversions)
    limits.shown_after_stop("here", ["a1", "a2"])
    assert not limits.violations.counts
    limits.published()
    limits.shown_after_stop("here", ["a1", "a2"])
    assert limits.violations.counts["stop_broken"] == broken


def test_a_ledger_that_is_not_the_truth_is_found_once(limits: Limits) -> None:
    """Contract: by the activity, and what differs already is not counted again."""
    shop = limits.shop
    shop.handle(records(view("u1")))
    page = read_page(shop.lists["u1"])
    shop.handle(records(*seen("u1", page, NOON_MS + 1_000)))
    shop.publish()
    limits.truth.impression(Shown("u1", page.version, "a2", 1), NOON_MS)
    limits.ledgers()
    assert not limits.violations.counts
    told(limits, 2, 1)
    for _ in range(2):
        limits.ledgers()
    assert limits.violations.counts == {"ledger_differs": 1}


def test_limits_are_judged_when_nothing_more_can_come_of_them(limits: Limits) -> None:
    """Contract: whom an overdraft is due to; a total cap by more than came in one interval and what chance adds."""
    told(limits, 2, 2)
    limits.close(["a1", "a2"])
    assert (limits.figures()["overdrawn"], limits.figures()["used_up"]) == (0, 1)
    limits.published()
    told(limits, 30, 3)
    limits.moved["a2"].update({"conversions": 1, "impressions": 1})
    limits.close(["a2"])
    figures = limits.figures()
    assert (figures["overdrawn"], figures["between"], figures["worst_over"]) == (0, 1, 2)
    limits.open["a2"] = limits.truth.publications
    limits.close(["a2"])
    assert limits.figures()["overdrawn"] == 1
    assert limits.violations.counts == {"total_cap_broken": 2}


def test_an_account_that_converts_more_than_its_lists_held_is_found(limits: Limits) -> None:
    """Contract: one conversion for each entry of each list made for it, and no more."""
    limits.listed_for("x1", ["a2", "a1"])
    limits.drains("x1", Counter({"a2": 1}))
    assert not limits.violations.counts
    limits.drains("x1", Counter({"a2": 1}))
    assert limits.violations.counts == {"drained_beyond": 1}


def test_too_many_overdrawn_limits_are_a_breach(limits: Limits) -> None:
    """Contract: one in a hundred is what is promised; of 100 three may be chance, ten are not."""
    assert tail(100, 3, 0.01) > 0.05
    assert tail(100, 10, 0.01) < 1e-6
    limits._closed.update({"limits": 100, "overdrawn": 10})
    limits.figures()
    assert limits.violations.counts == {"budgets_overdrawn": 1}


def test_the_tighter_of_budget_and_stock_counts() -> None:
    """Contract: a budget is for as many conversions as it pays, stock for as many as there are."""
    both = running("a", budget=10.0, cost=2.5, stock=Stock(3, NOON_MS))
    assert conversions_for(both) == 3
    assert conversions_for(running("a", total_cap=9)) is None
    assert is_used_up(both, Counter(conversions=3))
    assert not is_used_up(both, Counter(conversions=2, impressions=999))
