"""Contract: scores are worked out again by the core and hold against the list, or are said to be not known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, activity, token_for
from tideline.scripts.audit.decision_scores import Ranking
from tideline.scripts.console.explain import EQUAL, explain
from tideline.udfs.core.fixed_point import THETA_UNIT
from tideline.udfs.core.policies.arm_key import PRIOR_ID
from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord
from tideline.udfs.core.policies.policy_table import cold_row, encode_row, row_key

_RATES = {"tea": 0.4, "milk": 0.25, "wine": 0.1}
_GREEDY = Ranking("linucb:alpha=0", (1.0, 0.0, 0.0, 0.0))
_KNOWN = {name: activity(name) for name in _RATES}
_X0 = 90 / 127
"""The constant number of every context, so that a rate is theta times it."""


def _policy(rates: dict[str, float] = _RATES, at: int = 3) -> PolicyStart:
    """Return what the topic holds: of each activity a row in which the constant alone counts, and the prior."""
    records = []
    for offset, name in enumerate([*rates, PRIOR_ID]):
        theta = cold_row().theta.copy()
        theta[0, 0] = round(rates.get(name, 0.0) / _X0 / THETA_UNIT)
        row = cold_row()._replace(encoder=at, impressions=500.0, total=1_500.0, theta=theta)
        records.append(TopicRecord(offset, row_key(name, row).value, encode_row(row, name), NOON_MS))
    return PolicyStart(records, len(records), NOON_MS, True)


def _list(*names: str, **changes: Any) -> bytes:
    token = token_for("u1", names, **changes)
    return json.dumps({"v": [1, NOON_MS, 1], "i": names, "e": [9] * len(names), "k": token}).encode()


def _explained(payload: bytes | None, ranking: Ranking = _GREEDY, policy: PolicyStart | None = None) -> dict[str, Any]:
    asked: list[int | None] = []

    def read(pinned: int | None) -> PolicyStart:
        asked.append(pinned)
        return policy or _policy()

    found = explain(payload, _KNOWN, ranking, read)
    assert asked in ([], [5])  # the version that is in the token
    json.dumps(found, allow_nan=False)
    return found


def test_a_list_that_stands_by_its_scores_is_equal() -> None:
    """Contract: the expected rate of each entry is what was put into its row, and the distance to the one above."""
    found = _explained(_list("tea", "milk", "wine", eligible=np.array([3])))
    assert found["verdict"] == f"{EQUAL} All that could be on the list is on it."
    assert (found["equal"], found["policy_version"], found["runner_up"]) == (True, 5, None)
    assert [each["mean"] for each in found["entries"]] == pytest.approx([0.4, 0.25, 0.1], abs=1e-6)
    assert [each["bonus"] for each in found["entries"]] == [0.0, 0.0, 0.0]
    assert found["entries"][0]["behind"] is None
    assert [each["behind"] for each in found["entries"][1:]] == pytest.approx([0.15, 0.15], abs=1e-6)


@pytest.mark.parametrize("order", [("milk", "tea", "wine"), ("wine", "milk", "tea"), ("tea", "wine", "milk")])
def test_a_list_in_another_order_is_not_explained(order: tuple[str, ...]) -> None:
    """Contract: numbers that the list was not made of are not shown."""
    found = _explained(_list(*order))
    assert (found["equal"], found["entries"]) == (None, [])
    assert found["verdict"].startswith("No longer known")


def test_a_place_that_explores_is_told_and_holds_nothing_against_the_list() -> None:
    found = _explained(_list("wine", "tea", "milk", explored=np.array([1])))
    assert found["equal"]
    assert [each["explored"] for each in found["entries"]] == [True, False, False]
    assert "explore" in found["verdict"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"popular": True}, "popular list"),
        ({"arms": np.array([3])}, "held out"),
        ({"arms": np.array([1])}, "arm 1 of an experiment"),
    ],
)
def test_a_list_that_was_ranked_in_another_way_says_so(changes: dict[str, Any], told: str) -> None:
    found = _explained(_list("tea", "milk", **changes))
    assert (told in found["verdict"], found["entries"]) == (True, [])


def test_what_is_gone_is_not_known() -> None:
    assert "absent, is no longer known" in _explained(_list("tea", "absent"))["verdict"]
    assert "no longer in its topic" in _explained(_list("tea"), policy=PolicyStart([], 0, 0, True))["verdict"]
    assert "no longer in its topic" in _explained(_list("tea"), policy=_policy(at=2))["verdict"]
    assert "draws" in _explained(_list("tea"), Ranking("thompson", _GREEDY.weights))["verdict"]
    assert "no list" in _explained(None)["verdict"]
    assert "no token" in _explained(b'{"v":[1,2,3],"i":[],"e":[]}')["verdict"]


def test_a_list_from_before_anything_was_learned_is_scored_as_the_job_did() -> None:
    """Contract: its token says version 0, as does one of the very first row, which has been published since."""
    ranking = Ranking("linucb", _GREEDY.weights)
    found = explain(_list("wine", "tea", policy=0), _KNOWN, ranking, lambda _: _policy())
    assert found["equal"]
    assert {each["mean"] for each in found["entries"]} == {0.0}
    assert found["entries"][0]["bonus"] == found["entries"][1]["bonus"] > 0.0


def test_records_that_are_no_rows_are_passed_over() -> None:
    """Contract: others than ours, of experiments, and deletions."""
    policy = _policy()
    row = cold_row()._replace(encoder=3, regression="none:ridge=2.0")
    more = [
        TopicRecord(10, b"garbage", b"garbage", NOON_MS),
        TopicRecord(11, b"3|tea", None, NOON_MS),
        TopicRecord(12, row_key("tea", row).value, encode_row(row, "tea"), NOON_MS),
        TopicRecord(13, b"ledger|tea", b"garbage", NOON_MS),
        TopicRecord(14, b"costs", b"garbage", NOON_MS),
    ]
    found = _explained(_list("tea", "milk", "wine"), policy=policy._replace(records=[*policy.records, *more]))
    assert found["equal"]


def test_what_came_closest_is_told_with_its_distance() -> None:
    """Contract: where as many as are open now could be on the list; its score is what was put into its row."""
    found = _explained(_list("tea", "milk", eligible=np.array([3])))
    assert found["runner_up"]["activity_id"] == "wine"
    assert (found["runner_up"]["score"], found["runner_up"]["margin"]) == pytest.approx((0.1, 0.15), abs=1e-6)
    assert found["verdict"].endswith("Next would have been wine, 0.1500 behind the last place that was ranked.")
    explored = _explained(_list("wine", "tea", explored=np.array([1]), eligible=np.array([3])))
    assert explored["runner_up"]["margin"] == pytest.approx(0.15, abs=1e-6), "behind tea, not behind what was drawn"


@pytest.mark.parametrize(
    ("names", "ranking", "eligible", "told"),
    [
        (("tea", "milk"), _GREEDY, 2, "who else could be on this list is in no token"),
        (("tea", "milk"), _GREEDY, 4, "who else could be on this list is in no token"),
        (("milk", "wine"), _GREEDY, 3, "activities have changed since"),
        (("tea", "milk"), Ranking("pairs", _GREEDY.weights), 3, "what this user has to do with it is in no token"),
    ],
)
def test_what_came_closest_is_not_made_up(names: tuple[str, ...], ranking: Ranking, eligible: int, told: str) -> None:
    """Contract: where others may have been eligible, a policy reads pairs, or what is open scores above the list."""
    found = _explained(_list(*names, eligible=np.array([eligible])), ranking)
    assert (told in found["verdict"], found["runner_up"], found["equal"]) == (True, None, True)
