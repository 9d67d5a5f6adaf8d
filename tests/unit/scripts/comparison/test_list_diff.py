"""What changes between two sets of lists."""

from __future__ import annotations

import pytest

from tideline.scripts.comparison.list_diff import MOST_CHANGED, Pair, compare
from tideline.scripts.comparison.list_distance import kendall_distance, rank_biased_overlap
from tideline.scripts.simulation.lists import RankedList


def _pair(user: str, now: str, then: str, later_ms: int = 0) -> Pair:
    made = [
        RankedList((1, at_ms, 0), tuple(names), (9,) * len(names), None, (None,) * len(names))
        for names, at_ms in ((now, 5 + later_ms), (then, 5))
    ]
    return Pair(user, *made)


def test_what_changed_is_counted_over_users_who_have_both() -> None:
    found = compare([_pair("u1", "abc", "abc"), _pair("u2", "abc", "acd", later_ms=1), _pair("u3", "ab", "xy")])
    assert (found["users"], found["changed"], found["moved_on"]) == (3, 2, 1)
    alike = [1.0, rank_biased_overlap("abc", "acd"), 0.0]
    assert found["overlap"]["mean"] == pytest.approx(sum(alike) / 3)
    assert found["overlap"]["quantiles"]["0.5"] == pytest.approx(alike[1])
    assert found["kendall"]["mean"] == pytest.approx((kendall_distance("abc", "acd") + 1.0) / 3)
    assert [each["user"] for each in found["most_changed"]] == ["u3", "u2"]
    (reason,) = found["most_changed"][0].pop("reasons")
    assert "made of the same" in reason
    assert found["most_changed"][0] == {"user": "u3", "overlap": 0.0, "now": ["a", "b"], "then": ["x", "y"]}
    assert found["most_changed"][1]["reasons"] == ["the list now is of a moment less than a second later"]
    assert found["overlap"]["histogram"] == [1, 0, 0, 0, 0, 0, 1, 0, 0, 1]
    assert found["kendall"]["histogram"][0] == 1


def test_an_activity_s_weight_is_by_place_and_who_moves_most_comes_first() -> None:
    """Contract: 1 / log2(1 + place): 1, .63, .5 for the first three places."""
    found = compare([_pair("u1", "abc", "cba")])["activities"]
    assert [(each["activity_id"], each["now"], each["then"]) for each in found] == [
        ("a", 1, 1),
        ("c", 1, 1),
        ("b", 1, 1),
    ]
    assert [each["then_weight"] - each["now_weight"] for each in found] == pytest.approx([-0.5, 0.5, 0.0])
    assert found[2]["now_weight"] == pytest.approx(0.6309, abs=1e-4)


def test_the_most_changed_of_many_are_the_same_in_any_order() -> None:
    pairs = [_pair(f"u{at:05}", "abcd", "abdc" if at % 7 else "dcba") for at in range(25_000)]
    whole = compare(pairs)
    assert whole == compare(reversed(pairs))
    found = whole["most_changed"]
    assert [each["user"] for each in found] == [f"u{at:05}" for at in range(0, 7 * MOST_CHANGED, 7)]


def test_nobody_is_compared_with_nothing() -> None:
    assert compare([])["overlap"] == {"mean": None, "quantiles": {}, "histogram": []}
