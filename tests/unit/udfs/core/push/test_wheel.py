"""The wheel."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.udfs.core.push.wheel import Due, entries, fire, in_turn, moved, users_in

_IDS = st.text(min_size=1, max_size=256)


@given(st.lists(_IDS, max_size=20), st.lists(_IDS, max_size=5))
def test_a_bucket_holds_ids_as_they_came(first: list[str], then: list[str]) -> None:
    """Contract: of any characters and length, appended to as bytes alone."""
    assert users_in(entries(first) + entries(then)) == first + then


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9)), max_size=40), st.data())
def test_each_user_is_due_once_in_the_bucket_that_he_was_last_moved_to(
    moves: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Contract: beside a dictionary of who is due when; buckets fire between the moves, and none is lost."""
    wheel: dict[int, bytes] = {}
    due: dict[str, int] = {}
    fired, told, expected = 0, [], []
    for user, bucket in moves:
        due[user] = bucket
        found = moved({user: bucket}, fired)
        if 0 < bucket <= fired:
            expected.append(Due(bucket, user))
        for each in found.at_once:
            told.append(each)
            due[each.user_id] = 0
        for at, held in found.appended.items():
            wheel[at] = wheel.get(at, b"") + held
        if fired < 9 and data.draw(st.booleans()):
            fired += 1
            expected += sorted(Due(fired, each) for each, at in due.items() if at == fired)
            for each in fire(fired, wheel.pop(fired, b""), lambda name: due.get(name, 0)):
                told.append(each)
                due[each.user_id] = 0
    assert told == expected


def test_who_is_moved_away_and_back_is_due_once() -> None:
    """Contract: his entry stands in the bucket twice."""
    held = entries(["u", "v", "u"])
    assert fire(7, held, {"u": 7, "v": 8}.__getitem__) == [Due(7, "u")]


def test_after_an_outage_the_soonest_expired_go_first_and_the_expired_not_at_all() -> None:
    """Contract: buckets in order where nothing expires earlier; the order of arrival leaves no trace."""
    late, soon, over, same = Due(3, "a"), Due(4, "b"), Due(1, "c"), Due(2, "d")
    expires = {late: 500, soon: 300, over: 0, same: 500}
    for order in ([late, soon, over, same], [same, over, soon, late]):
        assert in_turn(order, expires) == [soon, same, late]
