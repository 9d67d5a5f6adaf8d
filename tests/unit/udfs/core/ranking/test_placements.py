"""Placements as an operator writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.ranking.list_rules import BAN, ListRule, ListRules
from tideline.udfs.core.ranking.placements import Placement, Placements, numbers_of, read_placements

CART: dict[str, Any] = {"name": "cart", "number": 2, "size": 4}
FULL: dict[str, Any] = {
    "name": "home.banner",
    "number": 63,
    "size": 16,
    "kinds": ["banner", "event"],
    "groups": ["tea"],
    "list_rules": [{"by": "kind", "penalty": [0, "ban"]}],
    "exploration": 0.05,
    "weights": {"click": 1, "cost": 0.5},
    "apart_from": ["default", "cart"],
}


def test_placements_are_read_from_json_or_tables_and_written_as_they_are_given() -> None:
    """Contract: text and TOML mean the same; what is left out is as in the default list, and takes everything."""
    found = read_placements(json.dumps([CART, FULL]))
    rules = ListRules([ListRule("kind", (0, BAN))])
    assert found == (
        Placement("cart", 2, 4),
        Placement(
            "home.banner",
            63,
            16,
            ("banner", "event"),
            ("tea",),
            rules,
            50,
            (1.0, 0.0, 0.0, 0.5),
            ("default", "cart"),
        ),
    )
    assert read_placements([CART, FULL]) == found == read_placements(str(found))
    assert read_placements("[]") == Placements()
    assert numbers_of(str(found)) == {"cart": 2, "home.banner": 63}


def test_a_placement_takes_any_of_its_kinds_and_groups() -> None:
    """Contract: either is enough; without both it takes all."""
    banner = read_placements([CART, FULL])[1]
    asked = [("banner", None), ("coupon", "tea"), ("coupon", None), ("coupon", "milk")]
    assert [banner.takes(*each) for each in asked] == [True, True, False, False]
    assert read_placements([CART])[0].takes("coupon", None)


@pytest.mark.parametrize(
    ("wrong", "key", "allowed"),
    [
        ({"name": "default"}, "name", "not default"),
        ({"name": "cart"}, "name", "no name twice"),
        ({"name": "a:b"}, "name", "letters, digits"),
        ({"name": ""}, "name", "1 to 32"),
        ({"name": "x" * 33}, "name", "1 to 32"),
        ({"name": 3}, "name", "1 to 32"),
        ({"number": 0}, "number", "from 1 to 63"),
        ({"number": 64}, "number", "from 1 to 63"),
        ({"number": 2}, "number", "none twice"),
        ({"number": True}, "number", "from 1 to 63"),
        ({"number": "3"}, "number", "from 1 to 63"),
        ({"size": 0}, "size", "from 1 to 16"),
        ({"size": 17}, "size", "from 1 to 16"),
        ({"size": 2.0}, "size", "from 1 to 16"),
        ({"kinds": ["shop"]}, "kinds", "campaign, coupon"),
        ({"kinds": "coupon"}, "kinds", "a list of texts"),
        ({"kinds": ["coupon", "coupon"]}, "kinds", "none twice"),
        ({"kinds": [3]}, "kinds", "a list of texts"),
        ({"groups": [""]}, "groups", "as activities have them"),
        ({"groups": ["a b"]}, "groups", "as activities have them"),
        ({"groups": {"tea": 1}}, "groups", "a list of texts"),
        ({"list_rules": [{"by": "kind"}]}, "list_rules[0]", "by and penalty"),
        ({"list_rules": None}, "list_rules", "at most 8 rules"),
        ({"exploration": 0.3}, "exploration", "0 to 0.255"),
        ({"exploration": float("nan")}, "exploration", "0 to 0.255"),
        ({"exploration": True}, "exploration", "0 to 0.255"),
        ({"exploration": "0.1"}, "exploration", "0 to 0.255"),
        ({"weights": {"clicks": 1}}, "weights", "click, conversion"),
        ({"weights": {}}, "weights", "not all 0"),
        ({"weights": {"click": -1}}, "weights", "from 0"),
        ({"weights": {"click": float("inf")}}, "weights", "from 0"),
        ({"weights": 3}, "weights", "a table"),
        ({"apart_from": ["hero"]}, "apart_from", "default, cart"),
        ({"apart_from": ["hero", "cart"]}, "apart_from", "default, cart"),
        ({"apart_from": "cart"}, "apart_from", "a list of texts"),
        ({"colour": 1}, "", "kinds, groups"),
    ],
)
def test_a_wrong_placement_is_refused_by_its_key(wrong: dict[str, Any], key: str, allowed: str) -> None:
    """Contract: which placement, which key, what was given, what is allowed."""
    hero = {"name": "hero", "number": 3, "size": 1}
    with pytest.raises(ConfigError) as caught:
        read_placements([CART, hero | wrong])
    assert caught.value.key == f"placements[1].{key}".rstrip(".")
    assert allowed in caught.value.allowed


@pytest.mark.parametrize("raw", ["", "{", "3", json.dumps(CART), "[" * 100_000, None, [CART] * 21])
def test_what_is_no_list_of_placements_is_refused(raw: object) -> None:
    with pytest.raises(ConfigError, match=r"a list of at most 20 placements|a JSON list of placements"):
        read_placements(raw)


@pytest.mark.parametrize("placement", [{"name": "a"}, {}, [], "cart", {"name": "a", "number": 1}])
def test_a_placement_without_its_parts_is_refused(placement: object) -> None:
    with pytest.raises(ConfigError, match="a table with name, number, size"):
        read_placements([placement])
