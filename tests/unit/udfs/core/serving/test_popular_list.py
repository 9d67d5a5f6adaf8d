"""The list for strangers."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, activity, make_ranker
from tests.support.one_visitor import NAMES, decided, impression
from tideline.udfs.core.catalogue.activity import Cap, Rule
from tideline.udfs.core.catalogue.competing import Variant
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.core.policies.policy_table import cold_row
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.placements import read_placements
from tideline.udfs.core.ranking.rule_tables import RULE_CLASSES
from tideline.udfs.core.serving.popular_list import RENEWED_MS, PopularList


def test_strangers_get_what_is_most_clicked() -> None:
    """Contract: open activities without rule, cap, budget or variants, best click rate first, signed for anybody."""
    ranker = make_ranker(
        [*map(activity, NAMES), activity("ruled", rule=Rule()), activity("capped", cap=Cap(1, 60_000)),
         activity("paid", budget=9.0, cost=1.0), activity("varied", variants=(Variant("red"), Variant("blue"))),
         activity("over", ends_ms=NOON_MS), activity("paused", status="paused")]
    )  # fmt: skip
    for version, (name, clicks) in enumerate([("a", 2.0), ("b", 9.0), ("over", 50.0), ("ruled", 50.0)]):
        row = cold_row()._replace(version=version, encoder=3, impressions=100.0, rewards=(clicks, 0.0, 0.0))
        ranker = ranker.with_row(name, row)
    popular = PopularList(DAY_MS)
    found = json.loads(popular.due(ranker, NOON_MS)[""])
    assert found["i"] == ["b", "a", "c"]
    assert found["v"] == [1, NOON_MS, 4]
    assert verify(found["k"], "anybody", KEYS).popular

    (record,) = decided(ranker, impression(found["k"], 0, "b"))
    assert (record["policy"], record["propensity"], record["mean"]) == ("popular", None, None)


def test_it_is_published_when_its_entries_change() -> None:
    ranker = make_ranker([activity("a"), activity("b")])
    popular = PopularList(DAY_MS)
    assert popular.due(ranker, NOON_MS)
    assert not popular.due(ranker, NOON_MS + 1)
    ranker = ranker.with_activities({"a": None})
    assert popular.due(ranker, NOON_MS + 2) == {}  # it would be of the version that is there
    later = json.loads(popular.due(ranker, NOON_MS + 3)[""])
    assert (later["i"], later["v"][1]) == (["b"], NOON_MS + 1)
    ranker = ranker.with_activities({"b": activity("b", ends_ms=NOON_MS + DAY_MS // 2)})
    assert json.loads(popular.due(ranker, NOON_MS + 4)[""])["e"] == [
        DAY_MS // 2 // 60_000 + later["e"][0] - DAY_MS // 60_000
    ]
    ranker = ranker.with_activities({"b": None})
    assert popular.due(ranker, NOON_MS) == {}


@pytest.mark.parametrize(("ttl_ms", "after_ms"), [(DAY_MS, RENEWED_MS), (60_000, 30_000)])
def test_the_popular_list_is_renewed_by_time_and_by_order(ttl_ms: int, after_ms: int) -> None:
    """Contract: every 10 minutes, within half its time to live, as a newer version; at once when ordered."""
    ranker = make_ranker([activity("a")])
    popular = PopularList(ttl_ms)
    first = popular.due(ranker, NOON_MS)[""]
    due = [popular.due(ranker, NOON_MS + at * 10_000) for at in range(1, 100)]
    found = [json.loads(each[""])["v"][1] for each in due if each]
    # Two batches more must have reached a time.
    assert found[0] == NOON_MS + after_ms
    assert [later - before for before, later in pairwise(found)] == [after_ms] * (len(found) - 1)
    assert popular.due(ranker, NOON_MS) == {}
    assert json.loads(popular.due(ranker, NOON_MS, renew=True)[""])["i"] == json.loads(first)["i"] == ["a"]


@pytest.mark.parametrize("ahead_ms", [DAY_MS // 2, 400 * DAY_MS])
def test_one_wrong_clock_neither_empties_nor_freezes_the_popular_list(ahead_ms: int) -> None:
    """Contract: a batch years or hours ahead of those beside it leaves time and content of the list alone."""
    ranker = make_ranker([activity("a"), activity("long", ends_ms=NOON_MS + 1000 * DAY_MS)])
    popular = PopularList(DAY_MS)
    assert popular.due(ranker, NOON_MS)
    for newest_ms in (NOON_MS, NOON_MS + ahead_ms, NOON_MS + 1):
        assert popular.due(ranker, newest_ms) == {}
    assert json.loads(popular.due(ranker, NOON_MS + 2, renew=True)[""])["v"][1] <= NOON_MS + 2


def test_the_popular_list_obeys_the_list_rules() -> None:
    """Contract: what visitors without a list see is no way around a quota; its token says what was left."""
    shop = [activity(name, categories=("tea" if name < "c" else name,)) for name in "abcd"]
    ranker = make_ranker(shop, list_rules=(ListRule("category", (0, BAN)),))
    found = json.loads(PopularList(DAY_MS).due(ranker, NOON_MS)[""])
    assert len(found["i"]) == 3
    assert {"c", "d"} < {*found["i"]}
    assert verify(found["k"], "anybody", KEYS).acted == RULE_CLASSES["category"]


def test_every_placement_has_a_popular_list_of_what_it_takes() -> None:
    """Contract: apart where they are asked to be; all are written where one changes, and an empty one is written too,
    so that no former one stays."""
    given: list[dict[str, Any]] = [
        {"name": "hero", "number": 7, "size": 1, "kinds": ["banner"]},
        {"name": "feed", "number": 2, "size": 3, "apart_from": ["default", "hero"]},
    ]
    shop = [activity(name, kind="banner" if name < "c" else "coupon") for name in "abcde"]
    ranker = make_ranker(shop, list_size=2, placements=read_placements(given))
    popular = PopularList(DAY_MS)
    found = popular.due(ranker, NOON_MS)
    assert list(found) == ["", "hero", "feed"]
    default, hero, feed = (json.loads(each) for each in found.values())
    assert default["v"] == hero["v"] == feed["v"]
    assert (len(default["i"]), len(hero["i"])) == (2, 1)
    assert {*hero["i"]} <= {"a", "b"}
    assert {*feed["i"]} == {*"abcde"} - {*default["i"], *hero["i"]}
    tokens = [verify(each["k"], "anybody", KEYS) for each in (default, hero, feed)]
    assert [(each.placement, each.popular, each.exploration) for each in tokens] == [
        (0, True, 0.0),
        (7, True, 0.0),
        (2, True, 0.0),
    ]
    gone = {each.activity_id: None for each in shop if each.kind == "banner"}
    ranker = ranker.with_activities(gone)
    for at in (1, 2):
        assert popular.due(ranker, NOON_MS + at) == {}
    found = popular.due(ranker, NOON_MS + 3)
    assert json.loads(found["hero"])["i"] == []
