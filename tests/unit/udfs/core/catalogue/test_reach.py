"""What a valid activity says that nobody can be shown it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.udfs.core.catalogue.activity import Activity, Rule
from tideline.udfs.core.catalogue.reach import Unreachable, unreachable
from tideline.udfs.core.catalogue.spending import Stock
from tideline.udfs.core.users.features import Vocabulary

KNOWN = Vocabulary.of([], 97, ("tea", "milk"))
ANYTHING = Vocabulary.of([], 97, ())


def with_clauses(*clauses: dict[str, Any]) -> Activity:
    return activity("a", time_zone="UTC", rule=Rule(all=json.dumps(clauses)))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (activity("a"), None),
        (activity("a", ends_ms=NOON_MS), Unreachable.OVER),
        (activity("a", ends_ms=NOON_MS + 1), None),
        (activity("a", rule=Rule(any_category=("wine",))), Unreachable.UNKNOWN_CATEGORY),
        (activity("a", rule=Rule(any_category=("wine", "tea"))), None),
        (activity("a", rule=Rule(min_events=3)), None),
        (with_clauses({"category": {"in": ["wine"]}}), Unreachable.UNKNOWN_CATEGORY),
        (with_clauses({"any": [{"category": {"in": ["wine"]}}, {"category": {"in": ["rum", "tea"]}}]}), None),
        (with_clauses({"any": [{"category": {"in": ["wine"]}}, {"events": {">": 3}}]}), None),
        (with_clauses({"not": {"category": {"in": ["wine"]}}}), None),
        (with_clauses({"events": {">": 3}}, {"events": {"<": 4}}), Unreachable.CONTRADICTION),
        (with_clauses({"events": {">": 3}}, {"events": {"<": 5}}), None),
        (with_clauses({"events": {">": 3}}, {"not": {"events": {">": 3}}}), Unreachable.CONTRADICTION),
        (with_clauses({"weekday": {"in": ["mon"]}}, {"weekday": {"in": ["tue"]}}), Unreachable.CONTRADICTION),
        (with_clauses({"weekday": {"in": ["mon"]}}, {"hour_local": {">": 8}}), None),
        (with_clauses({"purchases": {"<": 0}}), Unreachable.CONTRADICTION),
        (activity("a", hours=(("sun", "09:00", "18:00"),), time_zone="UTC"), Unreachable.NO_HOURS),
        (activity("a", hours=(("wed", "22:00", "23:00"),), time_zone="UTC"), None),
        (activity("a", budget=1.53, cost=1.0), Unreachable.NO_ROOM),
        (activity("a", budget=1.54, cost=1.0), None),
        (activity("a", stock=Stock(1, NOON_MS)), Unreachable.NO_ROOM),
        (activity("a", stock=Stock(2, NOON_MS), total_cap=1), None),
        (activity("a", status="paused", ends_ms=NOON_MS - DAY_MS), None),
    ],
)
def test_what_keeps_an_activity_from_everybody_is_said(wrong: Activity, why: Unreachable | None) -> None:
    """Contract: over at its writing, a rule of categories no event has or that contradicts itself, no hour, no room.

    A paused one is meant to reach nobody.
    """
    assert unreachable(wrong, NOON_MS, KNOWN) is why


def test_an_encoder_without_categories_says_nothing_about_rules() -> None:
    assert unreachable(activity("a", rule=Rule(any_category=("wine",))), NOON_MS, ANYTHING) is None


def test_each_cause_is_a_label_with_a_meaning() -> None:
    for why in Unreachable:
        assert str(why).isidentifier()
        assert why.meaning
