"""A placement over a catalogue."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import activity
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.placed import placed_of
from tideline.udfs.core.ranking.placements import read_placements
from tideline.udfs.core.ranking.rule_tables import compiled

SHOP = [activity("a", kind="banner"), activity("b", group="tea"), activity("c"), activity("d", kind="banner")]


def test_who_is_on_a_list_before_may_not_be_on_one_that_is_apart_from_it() -> None:
    """Contract: user by user, with lists of any length; nothing but what the placement takes, and the mask stays."""
    given = [{"name": "one", "number": 1, "size": 1}, {"name": "two", "number": 2, "size": 2, "kinds": ["banner"]}]
    given.append({"name": "three", "number": 3, "size": 2, "apart_from": ["default", "two"]})
    one, two, three = placed_of(read_placements(given), SHOP, ())
    mask = np.array([[True, True, True, True], [True, True, False, True]])
    orders = {"default": np.array([[0, -1], [1, 3]]), "two": np.array([[3], [-1]])}
    assert one.open(mask, orders).tolist() == mask.tolist()
    assert two.open(mask, orders).tolist() == [[True, False, False, True]] * 2
    assert three.open(mask, orders).tolist() == [[False, True, True, False], [True, False, False, False]]
    assert mask.tolist() == [[True, True, True, True], [True, True, False, True]]


def test_a_placement_without_rules_of_its_own_has_those_of_the_default_list() -> None:
    """Contract: an empty list of rules is a rule of its own."""
    given = [{"name": "a", "number": 1, "size": 1}, {"name": "b", "number": 2, "size": 1, "list_rules": []}]
    rules = compiled([ListRule("kind", (0, BAN))], SHOP)
    inherited, none = placed_of(read_placements(given), SHOP, rules)
    assert (inherited.rules, none.rules) == (rules, ())
    assert inherited.salt != none.salt
