"""A placement over a catalogue."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import activity
from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.catalogue.eligibility.user_caps import UserCap
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.placed import placed_of
from tideline.udfs.core.ranking.placements import read_placements
from tideline.udfs.core.ranking.rule_tables import NO_RULES, compiled

SHOP = [activity("a", kind="banner"), activity("b", group="tea"), activity("c"), activity("d", kind="banner")]


def test_who_is_on_a_list_before_may_not_be_on_one_that_is_apart_from_it() -> None:
    """Contract: user by user, with lists of any length; nothing but what the placement takes, and the mask stays."""
    given = [{"name": "one", "number": 1, "size": 1}, {"name": "two", "number": 2, "size": 2, "kinds": ["banner"]}]
    given.append({"name": "three", "number": 3, "size": 2, "apart_from": ["default", "two"]})
    one, two, three = placed_of(read_placements(given), SHOP, NO_RULES)
    mask = np.array([[True, True, True, True], [True, True, False, True]])
    orders = {"default": np.array([[0, -1], [1, 3]]), "two": np.array([[3], [-1]])}
    assert one.open(mask, orders).tolist() == mask.tolist()
    assert two.open(mask, orders).tolist() == [[True, False, False, True]] * 2
    assert three.open(mask, orders).tolist() == [[False, True, True, False], [True, False, False, False]]
    assert mask.tolist() == [[True, True, True, True], [True, True, False, True]]


def test_an_activity_with_a_cap_of_its_own_is_on_one_list_at_a_time() -> None:
    """Contract: whether lists are apart or not; caps of clicks and of groups are no such caps."""
    shop = [
        activity("a", cap=Cap(1, 60_000)),
        activity("b", caps=(UserCap("activity", 2, 60_000),)),
        activity("c", caps=(UserCap("activity", 2, 60_000, "click"), UserCap("all", 1, 60_000))),
        activity("d", after_click_ms=60_000),
    ]
    (cart,) = placed_of(read_placements([{"name": "cart", "number": 1, "size": 4}]), shop, NO_RULES)
    mask = np.ones((3, 4), np.bool_)
    orders = {"default": np.array([[2, 0], [3, -1], [-1, -1]]), "hero": np.array([[1], [-1], [1]])}
    assert cart.open(mask, orders).tolist() == [
        [False, False, True, True],
        [True, True, True, True],
        [True, False, True, True],
    ]


def test_a_placement_without_rules_of_its_own_has_those_of_the_default_list() -> None:
    """Contract: an empty list of rules is a rule of its own."""
    given = [{"name": "a", "number": 1, "size": 1}, {"name": "b", "number": 2, "size": 1, "list_rules": []}]
    rules = compiled([ListRule("kind", (0, BAN))], SHOP)
    inherited, none = placed_of(read_placements(given), SHOP, rules)
    assert (inherited.rules, none.rules) == (rules, ())
    assert inherited.salt != none.salt
