"""What is said of the world of a range: what is known, and what nobody can know any more."""

from __future__ import annotations

from tideline.scripts.replays.world_then import described, world_then
from tideline.udfs.core.policies.policy_start import TopicRecord

_WHOLE = [
    TopicRecord(0, b"a", b"1", 10),
    TopicRecord(1, b"b", b"1", 20),
    TopicRecord(2, b"a", None, 30),
    TopicRecord(3, b"c", b"1", 40),
]


def test_where_nothing_is_lost_nothing_is_said() -> None:
    """Contract: known when the range began, changed in it; what came later is none of its business."""
    found = world_then(_WHOLE, _WHOLE[:1], 20, 39)
    assert found == {"known": 2, "changes": 1, "lost": 0, "assumed": [], "orders": 1, "orders_lost": 0}
    assert described(found) == []


def test_what_is_lost_is_counted_and_named() -> None:
    """Contract: who was first known in the range or later may have been another before; each is named."""
    found = world_then(_WHOLE[2:], _WHOLE[3:], 20, 50)
    assert found == {"known": 2, "changes": 2, "lost": 2, "assumed": ["a", "c"], "orders": 1, "orders_lost": 3}
    assert described(found) == [
        "2 records of activities are gone from their topic; taken for what they were first known as: a, c, or are of "
        "deleted ones",
        "3 orders are gone from their topic: before the first that is left the options hold",
    ]
    before = world_then([_WHOLE[0], _WHOLE[3]], (), 45, 50)
    assert (before["lost"], before["assumed"], before["known"]) == (2, [], 2)
    assert "each was replaced before the range, or are of deleted ones" in described(before)[0]


def test_a_range_before_all_activities_says_what_to_do() -> None:
    (line,) = described(world_then(_WHOLE, (), 5, 9))
    assert "--world now" in line


def test_many_names_are_cut_and_a_key_that_is_no_text_is_told() -> None:
    many = [TopicRecord(at, b"k%d" % at if at > 1 else b"\xff\x1b", b"1", 9) for at in range(1, 40)]
    line = described(world_then(many, (), 5, 9))[0]
    assert "k10, k11, k12, k13" in line
    assert "..." in line
    assert "\x1b" not in "".join(described(world_then([TopicRecord(1, b"\x1b[31m", b"1", 9)], (), 5, 9)))
