"""How many activities could have stood in each place, read off a finished list."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.core_world import activity
from tests.support.plain_lists import PlainRules
from tideline.udfs.core.ranking.feasible import acted_classes, feasible_counts
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.rule_tables import compiled

SHOP = [
    activity(f"a{at:02}", categories=categories, kind=("coupon", "event")[at % 2])
    for at, categories in enumerate([("c",), ("c",), ("c", "d"), ("d",), (), ("c",)] * 13)
]


@pytest.mark.parametrize(
    "rules",
    [
        (ListRule("category", (0, 0, BAN)),),
        (ListRule("kind", (0, BAN), window=2), ListRule("category", (0, 1, 2))),
        (ListRule("category", (0, 0, BAN), window=4), ListRule("kind", (0, 0, 0, BAN))),
    ],
)
def test_each_place_counts_whom_no_rule_bans_there(rules: tuple[ListRule, ...]) -> None:
    """Contract: of the eligible those that do not stand above and that no rule bans; 0 behind a list's end."""
    rng = np.random.default_rng(3)
    mask = rng.random((30, len(SHOP))) < 0.6
    order = np.stack([rng.permutation(len(SHOP))[:9] for _ in mask])
    order[::3, 6:] = -1
    np.put_along_axis(mask, np.maximum(order, 0), True, axis=1)
    found = feasible_counts(order, mask, compiled(rules, SHOP))
    plain = PlainRules(rules, SHOP)
    for row, listed in enumerate(order.tolist()):
        for position, number in enumerate(listed):
            left = [each for each in np.flatnonzero(mask[row]).tolist() if each not in listed[:position]]
            bans = range(len(rules))
            free = [each for each in left if not any(plain.bans(at, listed[:position], each) for at in bans)]
            assert found[row, position] == (len(free) if number >= 0 else 0)


def test_a_rule_has_a_say_whatever_order_the_entries_stand_in() -> None:
    """Contract: where a value reached its limit in the whole list; a penalty alone closes nothing."""
    rules = (ListRule("category", (0, 0, BAN), window=2), ListRule("kind", (0, 5)), ListRule("kind", (0, 0, 0, 0, BAN)))
    tables = compiled(rules, SHOP)
    lists = np.array([[0, 3, 4, 1], [3, 4, 0, 1], [4, 3, 10, 0], [0, 2, 6, 8], [0, -1, -1, -1]])
    assert acted_classes(lists, tables).tolist() == [1, 1, 0, 3, 0]
    assert acted_classes(lists[:, ::-1], tables).tolist() == [1, 1, 0, 3, 0]
