"""How many activities could have stood in each place, read off a finished list."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.core_world import activity
from tests.support.plain_lists import PlainRules
from tideline.udfs.core.ranking.feasible import banned_below, feasible_counts, touched
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.rule_tables import RuleTables, compiled
from tideline.udfs.core.ranking.value_counts import ValueCounts

SHOP = [
    activity(f"a{at:02}", categories=categories, kind=("coupon", "event")[at % 2])
    for at, categories in enumerate([("c",), ("c",), ("c", "d"), ("d",), (), ("c",)] * 13)
]


def closed_in(order: NDArray[np.int64], tables: RuleTables) -> NDArray[np.uint64]:
    """Return the values that are banned in each place [k, W, U]."""
    counts, found = ValueCounts(tables, *order.shape), []
    for entries in order.T:
        closed = counts.reached(tables.limits)
        found.append(np.zeros((len(tables.bits), len(order)), np.uint64) if closed is None else closed)
        counts.add(tables.bits[:, entries])
    return np.stack(found)


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
    tables = compiled(rules, SHOP)
    found = feasible_counts(order, mask, tables, closed_in(order, tables))
    plain = PlainRules(rules, SHOP)
    for row, listed in enumerate(order.tolist()):
        for position, number in enumerate(listed):
            left = [each for each in np.flatnonzero(mask[row]).tolist() if each not in listed[:position]]
            bans = range(len(rules))
            free = [each for each in left if not any(plain.bans(at, listed[:position], each) for at in bans)]
            assert found[row, position] == (len(free) if number >= 0 else 0)


def test_what_is_banned_below_some_entries_is_what_plain_rules_ban() -> None:
    """Contract: by any of the rules given, some of a deployment's or none; entries are all in place."""
    rules = (ListRule("category", (0, 0, BAN), window=4), ListRule("kind", (0, 0, 0, BAN)))
    rng, tables, plain = np.random.default_rng(4), compiled(rules, SHOP), PlainRules(rules, SHOP)
    above = np.stack([rng.permutation(len(SHOP))[:5] for _ in range(20)])
    for given in ((0, 1), (1,), ()):
        found = banned_below(above, len(SHOP), [tables[at] for at in given])
        for row, listed in enumerate(above.tolist()):
            banned = [any(plain.bans(at, listed, each) for at in given) for each in range(len(SHOP))]
            assert found[row].tolist() == banned


def test_a_list_is_touched_where_a_value_reached_its_limit_or_an_entry_pays() -> None:
    """Contract: whatever order the entries stand in, in a window or not; else the list is as if there were no rule."""
    tables = compiled((ListRule("category", (0, 0, BAN), window=2), ListRule("kind", (0, 0, 0, 5))), SHOP)
    lists = np.array([[0, 3, 4, 1], [3, 0, 4, 10], [4, 3, 10, 0], [0, 4, 6, -1], [0, -1, -1, -1]])
    assert touched(lists, tables).tolist() == [True, False, False, True, False]
    assert touched(lists[:, ::-1], tables).tolist() == [True, False, False, True, False]
