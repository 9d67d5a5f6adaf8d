"""Decision records and the list for strangers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, activity, make_ranker, token_for
from tests.support.one_visitor import NAMES, decided, impression, run
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity_features import FEATURES
from tideline.udfs.core.catalogue.competing import Variant
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.core.policies.arm_key import PRIOR_ID
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.policy_table import PolicyRow, SharedRow, cold_row
from tideline.udfs.core.ranking.placements import read_placements
from tideline.udfs.core.serving.popular_list import PopularList


def learned(version: int, slope: float) -> PolicyRow:
    theta = np.zeros((3, 16), np.int64)
    theta[0, 1] = round(slope * 2**24)
    return cold_row()._replace(version=version, encoder=3, theta=theta)


def test_a_decision_says_what_was_shown_and_why() -> None:
    """Contract: context, pair, versions, slate, propensity and the score's parts, of the row that counted then."""
    ranker = make_ranker([activity(name) for name in NAMES], alpha=0.5)
    for version, name, slope in ((0, PRIOR_ID, 9.0), (5, "b", 2.0), (6, "b", 7.0)):
        ranker = ranker.with_row(name, learned(version, slope))
    token = token_for("u", NAMES, explored=np.array([0b10]))
    (record,) = decided(ranker, impression(token, 1))
    x = np.frombuffer(record["x"], np.int8) / 127
    assert x[0] == 90 / 127
    assert record["mean"] == pytest.approx(2.0 * x[1], rel=1e-6)
    assert record["bonus"] == pytest.approx(0.5 * np.linalg.norm(x), rel=1e-6)
    expected = {
        "user_id": "u", "decision_id": f"1.{NOON_MS}.1", "activity_id": "b", "position": 1, "shown_ms": NOON_MS + 5,
        "generation": 1, "as_of_ms": NOON_MS, "seq": 1, "encoder_version": 3, "policy_version": 5, "eligible": 12,
        "explored": True, "slate": NAMES, "policy": "linucb", "constraints": [],
        "pair": 2 * 0x030201, "feasible": None, "variant": "", "variant_share": None,
    }  # fmt: skip
    assert {name: record[name] for name in expected} == expected
    assert record["propensity"] == pytest.approx(0.02 / 11)


def test_a_decision_says_which_variant_was_shown_and_how_likely_that_was() -> None:
    """Contract: those of the list that was shown, whatever the activity's variants are today."""
    three = tuple(Variant(name) for name in ("red", "blue", "cow"))
    ranker = make_ranker([activity("a", variants=three), activity("b")])
    listed = json.loads(run(ranker, Event("v", "u", EventType.VIEW, NOON_MS, "i")).lists[0])
    (name,) = set(listed["p"]) - {None}
    place = listed["i"].index("a")
    with_a, with_b = (impression(listed["k"], at, listed["i"][at]) for at in (place, 1 - place))

    (of_a,), (of_b,) = decided(ranker, with_a), decided(ranker, with_b)
    left = [each for each in three if each.id != name]
    (gone,) = decided(ranker.with_activities({"a": activity("a", variants=tuple(left))}), with_a)

    assert (of_a["variant"], of_a["variant_share"]) == (name, {"red": 86}.get(name, 85) / 256)
    assert (of_b["variant"], of_b["variant_share"]) == ("", None)
    assert (gone["variant"], gone["variant_share"]) == ("", of_a["variant_share"])
    assert of_a["propensity"] == gone["propensity"] == 1.0


def test_versions_of_the_policy_go_on_beyond_32_bits() -> None:
    """Contract: C2: lists are made, tokens read and decisions logged with the version, the popular list too."""
    ranker = make_ranker([activity(name) for name in NAMES])
    newest = 2**39
    for version, name in ((newest - 1, "a"), (newest, PRIOR_ID)):
        ranker = ranker.with_row(name, cold_row()._replace(version=version, encoder=3))
    listed = json.loads(run(ranker, Event("v", "u", EventType.VIEW, NOON_MS, "i")).lists[0])
    assert verify(listed["k"], "u", KEYS).policy == newest
    (record,) = decided(ranker, impression(listed["k"], 0, listed["i"][0]))
    assert record["policy_version"] == newest
    popular = json.loads(PopularList(DAY_MS).due(ranker, NOON_MS)[""])
    assert popular["v"][2] == newest + 1
    assert verify(popular["k"], "anybody", KEYS).policy == newest


def test_an_activity_nobody_had_seen_was_scored_with_the_prior() -> None:
    ranker = make_ranker([activity(name) for name in NAMES])
    ranker = ranker.with_row(PRIOR_ID, learned(3, 4.0))
    (record,) = decided(ranker, impression(token_for("u", NAMES), 2))
    assert record["mean"] == pytest.approx(4.0 * np.frombuffer(record["x"], np.int8)[1] / 127, rel=1e-6)


def test_a_new_activity_is_explained_by_its_own_start() -> None:
    """Contract: with a shared part its score is that of its features, as it was ranked."""
    ranker = make_ranker([activity("a", categories=("tea",)), activity("b"), activity("c", kind="banner")])
    rng = np.random.default_rng(2)
    size = FEATURES * 16
    shared = SharedRow(rng.integers(-(2**22), 2**22, (3, size)), np.zeros(size * (size + 1) // 2, np.int64))
    ranker = ranker.with_row(PRIOR_ID, learned(3, 4.0)._replace(shared=shared, total=7.0))
    x = np.frombuffer(verify(token_for("u", NAMES), "u", KEYS).x, np.int8)[None, :]
    ranked = ranker.settings.policy.score(Contexts(x), ranker.known, np.array([3]), np.zeros(1, np.uint64))
    for position, name in enumerate(NAMES):
        (record,) = decided(ranker, impression(token_for("u", NAMES), position))
        assert (record["activity_id"], record["mean"]) == (name, ranked.mean[0, position])
        assert record["bonus"] == ranked.bonus[0, position]
    assert len(set(ranked.mean[0].tolist())) == 3
    assert ranker.known.total.tolist() == [7.0] * 3


def test_a_place_says_how_many_the_rules_left_for_it_and_which_did() -> None:
    """Contract: feasible and constraints place by place; where nothing was closed in the list there are none."""
    ranker = make_ranker([activity(name) for name in NAMES])
    ruled = token_for("u", NAMES, feasible=np.array([[12, 4, 10]]), acted=np.array([1 | 4]))
    found = [decided(ranker, impression(ruled, position))[0] for position in range(3)]
    assert [each["feasible"] for each in found] == [12, 4, 10]
    assert [each["constraints"] for each in found] == [[], ["list.category", "list.label"], []]
    assert [each["propensity"] for each in found] == pytest.approx([0.98 + 0.02 / left for left in (12, 4, 10)])
    broken = token_for("u", NAMES, feasible=np.array([[12, 4, 10]]), acted=np.array([2 | 128]))
    named = [decided(ranker, impression(broken, position))[0]["constraints"] for position in range(3)]
    assert named == [["list.relaxed"], ["list.kind", "list.relaxed"], ["list.relaxed"]]


def test_an_untried_activitys_bonus_without_limit_is_left_open() -> None:
    ranker = make_ranker([activity(name) for name in NAMES], policy="kl_ucb")
    ranker = ranker.with_row(PRIOR_ID, learned(3, 4.0))
    (record,) = decided(ranker, impression(token_for("u", NAMES), 2))
    assert (record["mean"], record["bonus"], record["policy"]) == (0.0, None, "kl_ucb")


def test_what_is_no_longer_known_is_left_open() -> None:
    """Contract: an id that is gone from the catalogue is null in the slate."""
    ranker = make_ranker([activity("b"), activity("c")])
    (record,) = decided(ranker, impression(token_for("u", NAMES), 2))
    assert record["slate"] == [None, "b", "c"]


def test_a_drawn_score_has_no_propensity() -> None:
    ranker = make_ranker([activity(name) for name in NAMES], policy="thompson")
    (record,) = decided(ranker, impression(token_for("u", NAMES), 0))
    assert (record["propensity"], record["mean"], record["bonus"]) == (None, None, None)


def test_a_decision_says_of_which_placement_its_list_was() -> None:
    """Contract: by name, of a placement that is no longer one by number; a list of its own in what tells lists apart,
    and scored by the placement's weights."""
    given: list[dict[str, Any]] = [{"name": "cart", "number": 5, "size": 2, "weights": {"conversion": 1}}]
    ranker = make_ranker([activity(name) for name in NAMES], placements=read_placements(given))
    ranker = ranker.with_row("c", learned(3, 4.0))
    found = [
        decided(ranker, impression(token_for("u", NAMES, placement=number, policy=3), 2))[0] for number in (0, 5, 9)
    ]
    assert [each["placement"] for each in found] == ["", "cart", "#9"]
    version = f"1.{NOON_MS}.1"
    assert [each["decision_id"] for each in found] == [version, f"{version}.5", f"{version}.9"]
    assert found[0]["mean"] == found[2]["mean"] != found[1]["mean"]
    assert found[0]["propensity"] == found[1]["propensity"]
