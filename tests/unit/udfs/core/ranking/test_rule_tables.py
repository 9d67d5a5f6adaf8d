"""List rules over a catalogue, as numbers."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import activity
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.rule_tables import NO_RULES, RULE_CLASSES, RuleTable, compiled, rule_names, words_of

SHOP = [
    activity("a", categories=("tea", "milk")),
    activity("b", categories=("milk",), labels={"provider": "x"}),
    activity("c"),
]


def test_values_are_numbered_and_those_that_can_close_something_have_their_members() -> None:
    """Contract: the numbers do not depend on the order of activities; who has none is like nobody. A value that no more
    activities have than a list may hold bans nobody who is left: it has no number."""
    table = RuleTable.of(ListRule("category", (0, BAN)), SHOP)
    assert table.values.tolist() == [[0, 0, -1]]
    assert table.members.tolist() == [[0b011, 0]]
    assert table.banned(np.array([0, -1])).tolist() == [[0b011, 0]]
    assert RuleTable.of(ListRule("category", (0, 0, BAN)), SHOP).values.tolist() == [[-1, -1, -1]]
    priced = RuleTable.of(ListRule("category", (0, 5, 5, BAN)), SHOP)
    assert (priced.values.tolist(), priced.members.tolist()) == ([[0, 0, -1]], [[0]])


def test_penalties_are_thousandths_of_score_in_sort_keys() -> None:
    table = RuleTable.of(ListRule("kind", (0, 1, 1000, BAN)), SHOP)
    assert table.limit == 3
    assert table.costs is not None
    assert table.costs.tolist() == [0, round(2**30 / 1000) << 16, 1000 * round(2**30 / 1000) << 16]
    assert RuleTable.of(ListRule("kind", (0, 0, BAN)), SHOP).costs is None


def test_rules_of_no_activities_are_tables_too() -> None:
    tables = compiled((ListRule("label.provider", (0, BAN)),), [])
    assert (tables[0].values.shape, tables[0].members.shape) == ((1, 0), (0, 1))
    assert tables.bits.tolist() == [[0]]
    assert not NO_RULES


def test_each_value_of_each_rule_has_a_bit() -> None:
    """Contract: an activity has those of its values by all rules, nobody has none; over 64 take more words."""
    rules = (ListRule("category", (0, BAN)), ListRule("kind", (0, 0, 5), window=3))
    tables = compiled(rules, [*SHOP, activity("d", categories=("tea",))])
    assert tables.first == (0, 2)
    assert tables.bits.tolist() == [[0b111, 0b101, 0b100, 0b110, 0]]
    assert [mask.tolist() for mask in tables.of_rule] == [[[0b011]], [[0b100]]]
    assert [(count, mask.tolist()) for count, mask in tables.limits] == [(1, [[0b011]])]
    assert [(count, mask.tolist()) for count, mask in tables.paying] == [(2, [[0b100]])]
    assert [(count, mask.tolist()) for count, mask in tables.limited] == [(1, [[0b011]]), (3, [[0b100]])]
    assert [(window, mask.tolist()) for window, mask in tables.windows] == [(3, [[0b100]])]
    many = compiled(rules[:1], [activity(f"a{at:03}", categories=(f"c{at // 2:03}",)) for at in range(140)])
    assert many.bits.shape == (2, 141)
    assert many.bits[:, [0, 127, 128, 139, -1]].T.tolist() == [[1, 0], [1 << 63, 0], [0, 1], [0, 1 << 5], [0, 0]]


def test_a_class_keeps_its_bit_and_its_name() -> None:
    """Contract: tokens in Redis carry these bits."""
    assert RULE_CLASSES == {"category": 1, "kind": 2, "label": 4}
    assert RuleTable.of(ListRule("label.provider", (0, BAN)), SHOP).bit == 4
    assert rule_names(0) == []
    assert rule_names(255) == ["list.category", "list.kind", "list.label", "list.relaxed"]


def test_truth_values_are_packed_from_the_lowest_bit_on() -> None:
    bits = np.zeros((1, 128), np.bool_)
    bits[0, [0, 63, 65]] = True
    assert words_of(bits).tolist() == [[1 | 1 << 63, 2]]
