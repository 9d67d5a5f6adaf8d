"""List rules as an operator writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.core_world import activity
from tideline.schemas.errors import ConfigError
from tideline.udfs.core.ranking.list_rules import BAN, ListRule, ListRules, read_list_rules, values_of

RULE: dict[str, Any] = {"by": "category", "penalty": [0, 1, 3, "ban"]}


def test_rules_are_read_from_json_or_tables_and_written_as_they_are_given() -> None:
    """Contract: text and TOML mean the same; what is left out is no window, and bans that hold."""
    full = RULE | {"window": 4, "relax": True}
    found = read_list_rules(json.dumps([RULE, full]))
    assert found == (ListRule("category", (0, 1, 3, BAN)), ListRule("category", (0, 1, 3, BAN), 4, True))
    assert read_list_rules([RULE, full]) == found == read_list_rules(str(found))
    assert read_list_rules("[]") == ListRules()
    assert (found[0].limit, found[0].numbers) == (3, (0, 1, 3))
    endless = read_list_rules([{"by": "kind", "penalty": [0, 5]}])[0]
    assert (endless.limit, endless.numbers) == (0, (0, 5))


@pytest.mark.parametrize(
    ("wrong", "key", "allowed"),
    [
        ({"by": "colour"}, "list_rules[1].by", "category, kind, or label.NAME"),
        ({"by": "label."}, "list_rules[1].by", "label.NAME"),
        ({"by": 3}, "list_rules[1].by", "label.NAME"),
        ({"window": 1}, "list_rules[1].window", "0 for the whole list, or whole numbers from 2 to 16"),
        ({"window": 17}, "list_rules[1].window", "to 16"),
        ({"window": True}, "list_rules[1].window", "to 16"),
        ({"window": 2.0}, "list_rules[1].window", "to 16"),
        ({"penalty": []}, "list_rules[1].penalty", "2 to 17"),
        ({"penalty": [0]}, "list_rules[1].penalty", "2 to 17"),
        ({"penalty": 3}, "list_rules[1].penalty", "2 to 17"),
        ({"penalty": [0, 1.5]}, "list_rules[1].penalty", "whole numbers"),
        ({"penalty": [0, True]}, "list_rules[1].penalty", "whole numbers"),
        ({"penalty": [0, -1]}, "list_rules[1].penalty", "from 0"),
        ({"penalty": [0, 1_000_001]}, "list_rules[1].penalty", "to 1000000"),
        ({"penalty": [1, 2]}, "list_rules[1].penalty", "the first 0"),
        ({"penalty": ["ban", "ban"]}, "list_rules[1].penalty", "may be the last"),
        ({"penalty": [0, "ban", "ban"]}, "list_rules[1].penalty", "may be the last"),
        ({"penalty": [0, "ban", 3]}, "list_rules[1].penalty", "may be the last"),
        ({"penalty": [0, 3, 1]}, "list_rules[1].penalty", "none below the one before"),
        ({"relax": 1}, "list_rules[1].relax", "true where the penalty ends"),
        ({"relax": True, "penalty": [0, 1]}, "list_rules[1].relax", "true where the penalty ends"),
        ({"size": 3}, "list_rules[1]", "window, relax"),
    ],
)
def test_a_wrong_rule_is_refused_by_its_key(wrong: dict[str, Any], key: str, allowed: str) -> None:
    """Contract: which rule, which key, what was given, what is allowed."""
    with pytest.raises(ConfigError) as caught:
        read_list_rules([RULE, RULE | wrong])
    assert caught.value.key == key
    assert allowed in caught.value.allowed
    if "." in key:
        assert caught.value.value == wrong[key.rpartition(".")[2]]


@pytest.mark.parametrize("raw", ["", "{", "3", '{"by": "kind"}', json.dumps([RULE] * 9), "[" * 100_000, None])
def test_what_is_no_list_of_rules_is_refused(raw: object) -> None:
    with pytest.raises(ConfigError, match=r"a list of at most 8 rules|a JSON list of rules"):
        read_list_rules(raw)


@pytest.mark.parametrize("rule", [{"by": "kind"}, {"penalty": [0, 1]}, [], "kind"])
def test_a_rule_without_its_parts_is_refused(rule: object) -> None:
    with pytest.raises(ConfigError, match="a table with by and penalty"):
        read_list_rules([rule])


def test_an_activity_has_the_values_that_its_marketer_wrote() -> None:
    """Contract: every category once, its one kind, a label if it has it."""
    one = activity("a", categories=("tea", "milk", "tea"), kind="event", labels={"provider": "x"})
    asked = ("category", "kind", "label.provider", "label.tier")
    assert [values_of(one, by) for by in asked] == [("tea", "milk"), ("event",), ("x",), ()]
