"""Contract: the audit finds each breach that it is named for, in plain lists, and none where there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tideline.scripts.audit.list_audit import (
    DAY_MS,
    NOTHING_KNOWN,
    NOTHING_SAID,
    Past,
    Said,
    breaches_of_list,
    breaches_of_popular,
    breaches_of_rules,
    open_now,
)
from tideline.udfs.core.catalogue.activity import Activity, Cap, Rule
from tideline.udfs.core.catalogue.eligibility.rule_form import FIELDS
from tideline.udfs.core.catalogue.eligibility.user_caps import UserCap
from tideline.udfs.core.catalogue.spending import Stock
from tideline.udfs.core.ranking.list_rules import read_list_rules

MONDAY_MS = 19_600 * DAY_MS + 4 * DAY_MS
"""4 September 2023, midnight in UTC."""
NOON_MS = MONDAY_MS + DAY_MS // 2


def one(name: str = "a", **changes: Any) -> Activity:
    given: dict[str, Any] = {"kind": "coupon", "title": name, "group": "g"} | changes
    return Activity(activity_id=name, starts_ms=MONDAY_MS, ends_ms=MONDAY_MS + 10 * DAY_MS, **given)


def broken(
    activity: Activity, said: Said = NOTHING_SAID, past: Past = NOTHING_KNOWN, at_ms: int = NOON_MS
) -> list[str]:
    known = {"a": activity, "b": one("b")}
    return [name for name, _ in breaches_of_list(["a"], at_ms, known, said, past)]


def ruled(*clauses: Any, **more: Any) -> Activity:
    return one(rule=Rule(all=json.dumps(clauses)), **more)


def test_a_list_of_what_everybody_may_see_breaks_nothing() -> None:
    assert broken(one()) == []


@pytest.mark.parametrize(("changes", "at_ms"), [({"status": "paused"}, NOON_MS), ({}, MONDAY_MS - 1)])
def test_what_does_not_run_is_found(changes: dict[str, Any], at_ms: int) -> None:
    assert broken(one(**changes), at_ms=at_ms) == ["window_broken"]
    assert [name for name, _ in breaches_of_list(["c", "c"], NOON_MS, {}, NOTHING_SAID, NOTHING_KNOWN)] == [
        "entry_twice",
        "window_broken",
        "window_broken",
    ]


def test_hours_are_by_the_users_clocks_where_they_are_known() -> None:
    """Contract: noon in UTC is 21 o'clock in Tokyo and 8 in New York; a window may end on the next day."""
    day = one(hours=(("mon", "09:00", "20:00"),), time_zone="UTC")
    assert broken(day) == []
    assert [broken(day, Said(zone=zone)) for zone in ("Asia/Tokyo", "America/New_York")] == [["hours_broken"]] * 2
    night = one(hours=(("mon", "18:00", "02:00"),), time_zone="UTC")
    found = [open_now(night, MONDAY_MS + hour * DAY_MS // 24, None) for hour in (1, 17, 18, 25, 26)]
    assert found == [False, False, True, True, False]


@pytest.mark.parametrize("out", [("activity", "a"), ("group", "g"), ("kind", "coupon")])
def test_what_a_user_opted_out_of_is_found(out: tuple[str, str]) -> None:
    assert broken(one(), Said(opted_out=frozenset([out, ("group", "other")]))) == ["opt_out_broken"]


@pytest.mark.parametrize(
    ("clause", "is_broken"),
    [
        ({"label.tier": {"in": ["gold"]}}, False),
        ({"label.tier": {"in": ["basic"]}}, True),
        ({"not": {"label.tier": {"in": ["gold"]}}}, True),
        ({"any": [{"label.country": {"in": ["DE"]}}, {"label.tier": {"in": ["gold"]}}]}, False),
        ({"any": [{"label.country": {"in": ["DE"]}}, {"not": {"label.tier": {"in": ["gold"]}}}]}, True),
        ({"hour_local": {">=": 12, "zone": "UTC"}}, False),
        ({"hour_local": {"<": 12}}, True),
        ({"hour_local": {"in": [12]}}, False),
        ({"weekday": {"in": ["sun", "tue"]}}, True),
        ({"not": {"item": {"in": ["tea"], "type": "purchase", "within_days": 14}}}, True),
        ({"not": {"item": {"in": ["milk"], "type": "purchase", "within_days": 14}}}, False),
        ({"item": {"in": ["milk"], "type": "purchase", "within_days": 14}}, False),
        ({"any": [{"category": {"in": ["x"]}}, {"label.tier": {"in": ["basic"]}}]}, False),
    ],
)
def test_a_clause_that_certainly_does_not_hold_is_found(clause: Any, is_broken: bool) -> None:
    """Contract: what is not known for certain, such as a history, is never held against a list."""
    past = Past(bought={"tea": NOON_MS - DAY_MS})
    found = broken(ruled(clause, time_zone="UTC"), Said({"tier": "gold"}), past)
    assert found == ["rule_broken"] * is_broken


@pytest.mark.parametrize("name", FIELDS)
def test_every_predicate_is_judged_or_said_to_be_unknown(name: str) -> None:
    """Contract: a predicate added to the rules cannot pass the audit unseen."""
    inside = {">=": 0} if name.startswith(("events", "purchases", "days")) else {"in": ["mon"]}
    assert broken(ruled({name: inside})) in ([], ["rule_broken"])


def test_a_predicate_that_nobody_judges_ends_the_audit() -> None:
    with pytest.raises(ValueError, match="must judge of_tomorrow"):
        broken(ruled({"of_tomorrow": {"in": ["mon"]}}))


def test_a_user_without_consent_has_done_nothing() -> None:
    """Contract: his events do not count; without knowing how many he has nothing is said."""
    asked = one(rule=Rule(min_events=2))
    assert broken(asked) == []
    assert broken(asked, past=Past(events=2)) == []
    assert broken(asked, past=Past(events=1)) == ["rule_broken"]
    assert broken(asked, Said(personalise=False), Past(events=9)) == ["rule_broken"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"cap": Cap(2, DAY_MS)}, "cap_broken"),
        ({"caps": (UserCap("group", 3, DAY_MS),)}, "cap_broken"),
        ({"caps": (UserCap("kind", 3, DAY_MS),)}, "cap_broken"),
        ({"caps": (UserCap("all", 3, DAY_MS),)}, "cap_broken"),
        ({"caps": (UserCap("group", 1, DAY_MS, "click", "g"),)}, "cap_broken"),
        ({"after_click_ms": DAY_MS}, "cool_down_broken"),
    ],
)
def test_a_cap_that_is_used_up_is_found_until_its_window_is_over(changes: dict[str, Any], name: str) -> None:
    """Contract: two impressions of its own and one of another of its group, a click of its own."""
    past = Past([("a", NOON_MS - 9), ("a", NOON_MS - 8), ("b", NOON_MS - 7)], [("a", NOON_MS - 5)])
    assert broken(one(**changes), past=past) == [name]
    assert broken(one(**changes), past=past, at_ms=NOON_MS + DAY_MS - 5) == []
    once = Past([("a", NOON_MS - 9), ("b", NOON_MS - 7)], [("b", NOON_MS - 5)])
    assert broken(one(**changes), past=once) == (
        [name] if changes.get("caps", ())[-1:] and "click" in str(changes) else []
    )


def test_what_was_dismissed_stays_away_from_the_end_of_that_day_on() -> None:
    """Contract: for ever, or as long as its activity says."""
    past = Past(dismissed={"a": NOON_MS})
    assert broken(one(), past=past, at_ms=NOON_MS + 9 * DAY_MS) == ["dismissed_shown"]
    short, back_ms = one(after_dismiss_ms=DAY_MS), MONDAY_MS + 2 * DAY_MS
    assert [broken(short, past=past, at_ms=at_ms) for at_ms in (back_ms - 1, back_ms)] == [["dismissed_shown"], []]


def test_bans_of_a_whole_list_are_found_in_windows_too() -> None:
    """Contract: a quota of two, one of a label in any three places in a row; a ban that may be relaxed says nothing."""
    rules = read_list_rules(
        [
            {"by": "category", "penalty": [0, 0, "ban"]},
            {"by": "label.brand", "window": 3, "penalty": [0, "ban"]},
            {"by": "kind", "penalty": [0, "ban"], "relax": True},
        ]
    )
    known = {
        "a": one("a", categories=("tea", "milk"), labels={"brand": "x"}),
        "b": one("b", categories=("tea",)),
        "c": one("c", categories=("milk",), labels={"brand": "x"}),
        "d": one("d", categories=("tea",)),
    }
    assert list(breaches_of_rules(["a", "b"], known, rules)) == []
    assert [what for _, what in breaches_of_rules(["a", "b", "d"], known, rules)] == ["category=tea 3 times from 0"]
    assert [what for _, what in breaches_of_rules(["a", "b", "c"], known, rules)] == ["label.brand=x 2 times from 0"]
    assert list(breaches_of_rules(["a", "b", "e", "c"], known, rules[1:])) != []
    assert list(breaches_of_rules(["a", "b", "d", "c"], known, rules[1:])) == []


@pytest.mark.parametrize(
    "changes", [{"rule": Rule(min_events=1)}, {"cap": Cap(1, DAY_MS)}, {"total_cap": 1}, {"stock": Stock(1, NOON_MS)}]
)
def test_what_is_not_for_everybody_is_found_on_the_popular_list(changes: dict[str, Any]) -> None:
    assert [name for name, _ in breaches_of_popular(["a", "b"], {"a": one(**changes), "b": one("b")})] == [
        "popular_restricted"
    ]
