"""Contract: every part of a rule is in its words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tideline.scripts.console.rule_words import in_words
from tideline.udfs.core.catalogue.activity import Rule
from tideline.udfs.core.catalogue.eligibility.rule_form import FIELDS

_OWN_WORDS = {"events", "purchases"}
"""Words already."""


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"events": {">=": 5}}, "events at least 5"),
        ({"label.tier": {"in": ["gold", "silver"]}}, "label tier one of gold, silver"),
        ({"not": {"item": {"in": ["a"], "type": "purchase", "within_days": 14}}},
         "not (an item of his one of a (type purchase) within 14 days)"),
        ({"hour_local": {"in": [8, 9], "zone": "UTC"}}, "the hour on his clock one of 8, 9 (zone UTC)"),
        ({"days_since_purchase": {"<=": 3}}, "days since the last purchase at most 3"),
        ({"part": {"name": "spring", "from": 0, "to": 50}}, "his part of all users (name spring) (from 0) (to 50)"),
        ({"weekday": {"in": ["sat"]}}, "the day on his clock one of sat"),
        ({"of_tomorrow": {"~": "x"}}, "of_tomorrow (~ x)"),
        ({"of_tomorrow": 7}, "of_tomorrow 7"),
    ],
)  # fmt: skip
def test_a_clause_is_told(stated: dict[str, Any], words: str) -> None:
    assert in_words(Rule(all=json.dumps([stated]))) == [words]


def test_every_predicate_has_its_words() -> None:
    """Contract: what a rule may name is told in words; a label by its own name."""
    said = {name: in_words(Rule(all=json.dumps([{name: {"in": ["x"]}}])))[0] for name in FIELDS}
    assert [name for name, words in said.items() if words.startswith(f"{name} ") and name not in _OWN_WORDS] == []


def test_all_that_must_hold_is_told_and_long_lists_are_cut() -> None:
    rule = Rule(2, 1, tuple("abcdefg"), '[{"events":{"<":9}}]')
    assert in_words(rule) == [
        "events at least 2",
        "purchases at least 1",
        "a category of his one of a, b, c, d, e and 2 more",
        "events fewer than 9",
    ]
    assert in_words(None) == in_words(Rule()) == []
