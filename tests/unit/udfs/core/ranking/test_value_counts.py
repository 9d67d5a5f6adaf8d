"""Counts of values by planes of bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import activity
from tests.support.plain_lists import PlainRules
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.rule_tables import compiled
from tideline.udfs.core.ranking.value_counts import ValueCounts, have

SHOP = [
    activity(f"a{at:02}", categories=categories, kind=("coupon", "event")[at % 2])
    for at, categories in enumerate([("c",), ("c",), ("c", "d"), ("d",), (), ("c",)] * 2)
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.permutations(range(len(SHOP))), min_size=1, max_size=4), st.sampled_from([0, 2, 3, 5]))
def test_what_is_banned_and_what_pays_is_what_plain_rules_say(lists: list[list[int]], window: int) -> None:
    """Contract: below every entry, in windows and in whole lists, activities with several values too."""
    rules = (ListRule("category", (0, 0, BAN), window=window), ListRule("kind", (0, 0, 3, 3, 4, BAN)))
    tables, plain, order = compiled(rules, SHOP), PlainRules(rules, SHOP), np.array(lists)
    counts, values = ValueCounts(tables, *order.shape), tables.bits[:, None, :-1]
    for place, entries in enumerate(order.T):
        banned, pays = counts.reached(tables.limits), counts.reached(tables.paying)
        assert banned is not None
        assert pays is not None
        for row, listed in enumerate(order[:, :place].tolist()):
            for each in range(len(SHOP)):
                assert have(values, banned)[row, each] == any(plain.bans(at, listed, each) for at in (0, 1))
                assert have(values, pays)[row, each] == (plain.price(listed, each) > 0)
        counts.add(tables.bits[:, entries])


def test_a_rule_has_a_say_whatever_order_the_entries_stand_in() -> None:
    """Contract: where a value reached its limit in the whole list; a penalty alone closes nothing."""
    rules = (ListRule("category", (0, 0, BAN), window=2), ListRule("kind", (0, 5)), ListRule("kind", (0, 0, 0, 0, BAN)))
    tables = compiled(rules, SHOP)
    lists = np.array([[0, 3, 4, 1], [3, 4, 0, 1], [4, 3, 10, 0], [0, 2, 6, 8], [0, -1, -1, -1]])
    for order in (lists, lists[:, ::-1]):
        counts = ValueCounts(tables, *order.shape)
        for entries in order.T:
            counts.add(tables.bits[:, entries])
        assert counts.acted().tolist() == [1, 1, 0, 3, 0]


@pytest.mark.parametrize("count", [3, 4])
def test_a_limit_that_no_list_can_reach_bans_nobody(count: int) -> None:
    """Contract: nothing is asked of counts that are higher than a list has places."""
    tables = compiled((ListRule("kind", (*[0] * 4, BAN)),), SHOP)
    counts = ValueCounts(tables, 2, count)
    assert (counts.reached(tables.limits) is None) == (count < 4)
