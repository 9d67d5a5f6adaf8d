"""Contract: each check of the simulated year finds the breach that it is named for, and none where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.unit.scripts.benchmarks.year.test_year_profiles import record
from tests.unit.scripts.benchmarks.year.test_year_shop import NOON_MS, opened, records, running, seen, view
from tideline.scripts.benchmarks.year.year_checks import Checks
from tideline.scripts.benchmarks.year.year_shop import POPULAR
from tideline.scripts.benchmarks.year.year_truth import Shown, Truth
from tideline.scripts.benchmarks.year.year_visitors import read_page
from tideline.scripts.benchmarks.year.year_world import DAY_MS, HOUR_MS, START_MS, Change
from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.rewards.feedback import Feedback

BEFORE = Shown("u1", (1, NOON_MS - HOUR_MS, 1), "a1", 1)


@pytest.fixture
def checks() -> Checks:
    """A shop with `a1`, and `a2` that a user may see once a day."""
    shop = opened("a1")
    shop.change([Change("a2", running("a2", cap=Cap(max_shown=1, window_ms=DAY_MS)))])
    return Checks(shop, Truth())


def payload(*names: str, at_ms: int = NOON_MS) -> bytes:
    return json.dumps({"v": [1, at_ms, 1], "m": 1, "i": names, "e": [1] * len(names), "k": "t"}).encode()


def moved(**counts: Any) -> Feedback:
    return Feedback("a1", 1, NOON_MS, bytes(DIM), **counts)


def test_a_list_that_keeps_every_promise_is_no_violation(checks: Checks) -> None:
    """Contract: a cap that is not reached and what somebody else dismissed are no breach."""
    checks.truth.dismiss(BEFORE._replace(user="u2"), NOON_MS)
    checks.lists(["u1"], [payload("a1", "a2")], set())
    assert not checks.violations.counts


@pytest.mark.parametrize(
    ("names", "at_ms", "broken"),
    [
        (("a1",), START_MS + 10 * DAY_MS, "window_broken"),
        (("a1",), START_MS - 1, "window_broken"),
        (("gone",), NOON_MS, "window_broken"),
        ((), NOON_MS, "list_empty"),
        (("a3",), NOON_MS, "dismissed_shown"),
        (("a2",), NOON_MS, "cap_broken"),
    ],
)
def test_a_list_that_breaks_a_promise_is_found(names: tuple[str, ...], at_ms: int, broken: str, checks: Checks) -> None:
    """Contract: what is over, gone, empty though something runs, dismissed, or seen as often as its cap allows."""
    checks.shop.change([Change("a3", running("a3"))])
    checks.truth.dismiss(BEFORE._replace(activity="a3"), NOON_MS - HOUR_MS)
    checks.truth.impression(BEFORE._replace(activity="a2"), NOON_MS - HOUR_MS)
    checks.lists(["u1"], [payload(*names, at_ms=at_ms)], set())
    assert checks.violations.counts == {broken: 1}


def test_the_popular_list_must_be_there_and_young(checks: Checks) -> None:
    """Contract: six hours are young, more are not."""
    checks.popular(NOON_MS)
    assert checks.violations.counts == {"popular_missing": 1}
    checks.shop.lists[POPULAR] = payload("a1")
    checks.popular(NOON_MS + 6 * HOUR_MS)
    assert checks.violations.counts == {"popular_missing": 1}
    checks.popular(NOON_MS + 6 * HOUR_MS + 1)
    assert checks.violations.counts == {"popular_missing": 1, "popular_stale": 1}


def test_who_was_there_has_a_list_as_of_his_newest_event(checks: Checks) -> None:
    """Contract: to the millisecond; no list at all is another mistake than an old one."""
    checks.truth.heard("u1", NOON_MS)
    checks.shop.lists["u1"] = payload("a1")
    checks.present(["u1"])
    assert not checks.violations.counts
    checks.truth.heard("u1", NOON_MS + 1)
    checks.present(["u1", "u2"])
    assert checks.violations.counts == {"list_stale": 1, "list_missing": 1}


def test_a_sum_that_is_not_the_truth_is_counted_once(checks: Checks) -> None:
    """Contract: what was lost on one day is not counted again on each day after it."""
    checks.truth.impression(BEFORE, NOON_MS)
    checks.sums(NOON_MS)
    checks.sums(NOON_MS)
    assert checks.violations.counts == {"sums_differ": 1}


def test_the_adversary_may_move_one_of_a_kind_for_each_entry_of_his_lists(checks: Checks) -> None:
    """Contract: entries of lists of others allow him nothing."""
    checks.lists(["x0", "u1"], [payload("a1"), payload("a1")], {"x0"})
    checks.told([moved(impressions=1, clicks=1)])
    checks.movements()
    assert not checks.violations.counts
    checks.told([moved(clicks=1)])
    checks.movements()
    assert checks.violations.counts == {"adversary_beyond": 1}


def test_the_adversarys_share_is_of_all_clicks_and_conversions(checks: Checks) -> None:
    """Contract: 0 where nobody clicked; impressions are no rewards."""
    assert checks.share_of_rewards() == 0.0
    for number in range(3):
        checks.truth.click(BEFORE._replace(user=f"u{number}"), NOON_MS)
    checks.told([moved(impressions=5, clicks=1)])
    assert checks.share_of_rewards() == 0.25


@pytest.mark.parametrize(("agreed", "broken"), [(True, {}), (False, {"taught_without_consent": 1})])
def test_what_was_learned_of_who_had_said_no_is_found(agreed: bool, broken: dict[str, int], checks: Checks) -> None:
    """Contract: once, under its own name."""
    shop = checks.shop
    shop.handle(records(view("u1")))
    page = read_page(shop.lists["u1"])
    shop.handle(records(*seen("u1", page, NOON_MS + 1_000)))
    shop.publish()
    for name in page.activities:
        checks.truth.impression(Shown("u1", page.version, name, 1), NOON_MS + 1_000, agreed or name == "a2")
    for _ in range(2):
        checks.sums(NOON_MS + HOUR_MS)
    assert checks.violations.counts == broken


def test_a_list_keeps_what_its_user_had_agreed_to_when_it_was_made(checks: Checks) -> None:
    """Contract: whatever he says since; of a list that is nobody's what he says when it is first heard of."""
    version, later = (1, NOON_MS, 1), (1, NOON_MS + 9, 2)
    checks.lists(["u1"], [payload("a1")], set())
    checks.says.hear(record(NOON_MS + 5, learn=False), 1)
    assert (checks.agreed("u1", version), checks.agreed("u1", later)) == (True, False)
    checks.says.hear(record(NOON_MS + 6), 2)
    assert (checks.agreed("u1", version), checks.agreed("u1", later)) == (True, False)


def test_a_page_that_draws_what_is_over_or_closed_is_found(checks: Checks) -> None:
    """Contract: by the clocks that were known when its list was made."""
    hours = (("all", "10:00", "14:00"),)
    checks.shop.change([Change("a3", running("a3", hours=hours, time_zone="UTC"))])
    checks.lists(["u1"], [payload("a3")], set())
    page = read_page(payload("a3"))
    checks.hours_drawn("u1", page, NOON_MS + HOUR_MS)
    checks.drawn("u1", page, NOON_MS)
    assert not checks.violations.counts
    checks.hours_drawn("u1", page, NOON_MS + 2 * HOUR_MS)
    checks.drawn("u1", page, NOON_MS + 20 * DAY_MS)
    assert checks.violations.counts == {"hours_broken": 1, "drawn_over": 1}


def test_a_list_that_is_not_as_the_newest_profile_says_is_found(checks: Checks) -> None:
    """Contract: unless its user has done something later; what was withdrawn since is no matter of profiles."""
    out = (b"u1", orjson.dumps(orjson.loads(record(NOON_MS)[1]) | {"opt_outs": {"activities": ["a1"]}}), NOON_MS)
    checks.says.hear(out, 1)
    for at_ms, names, times in ((NOON_MS + 1, ("a1",), 0), (NOON_MS, ("a2", "gone"), 0), (NOON_MS, ("a1",), 1)):
        checks.shop.lists["u1"] = payload(*names, at_ms=at_ms)
        checks.obeyed(["u1", "u2"])
        assert checks.violations.counts["profile_not_obeyed"] == times


def test_a_list_may_be_empty_where_its_user_turned_everything_down(checks: Checks) -> None:
    """Contract: what he dismissed or opted out of is nothing that he could have been shown."""
    checks.truth.dismiss(BEFORE, NOON_MS)
    checks.lists(["u1"], [payload()], set())
    assert not checks.violations.counts
    checks.lists(["u2"], [payload()], set())
    assert checks.violations.counts == {"list_empty": 1}


def test_lists_of_placements_are_held_to_their_promises(checks: Checks) -> None:
    """Contract: by themselves and beside the default list; an empty one is no breach, and what the adversary's hold is
    his to move."""
    checks.shop.change([Change("b1", replace(running("b1"), kind="banner")), Change("c1", running("c1"))])
    good = {"hero": [payload("b1")], "cart": [payload()]}
    checks.lists(["u1"], [payload("b1")], set(), good)
    assert not checks.violations.counts
    checks.lists(["u1"], [payload("c1")], set(), {"hero": [payload("c1")], "cart": [payload("c1")]})
    assert checks.violations.counts == {"placement_broken": 1, "repeated_on_page": 1}
    checks.lists(["x0"], [payload("b1")], {"x0"}, good)
    assert checks.allowed == {ArmKey(1, "b1"): 2}
