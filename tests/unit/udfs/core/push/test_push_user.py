"""What is kept of a user for pushes."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.schemas.events import Event, EventType
from tideline.udfs.core.profiles.kept_profile import KeptProfile
from tideline.udfs.core.push.push_user import (
    KEPT_DAYS,
    MOST_PUSHES,
    NOBODY,
    Push,
    PushUser,
    agrees,
    days_to_room,
    heard,
    next_number,
    placed,
    push_id,
    sent_in,
    times_in,
    with_failure,
    with_point,
    with_unsubscribe,
    without_point,
)
from tideline.udfs.core.pushing.part.push_part import PushPart, decode_part, encode_part

AGREED = KeptProfile(5_000, True, True, True, True, None, (), ())


@given(st.text(max_size=40), st.integers(0, 65_535), st.integers(0, 99))
def test_an_id_says_its_day_and_number_and_whose_it_is(user_id: str, day: int, number: int) -> None:
    """Contract: and nothing else may stand in it, so nobody gets room by another's id."""
    found = push_id(user_id, day, number)
    assert placed(user_id, found) == (day, number)
    assert placed(user_id + "x", found) is None
    for wrong in (found.replace("-", "-0", 1), f"0{found}", found[:-1], "", "-", "1-2", f"{day}-{number}-", "²-1-x"):
        assert placed(user_id, wrong) is None


def test_no_two_ids_are_alike_whatever_users_are_called() -> None:
    """Contract: a name that looks like a day and number is a name."""
    names = ["", "1", "1-1", "-1-1", "1-", "11", "1-1-1"]
    ids = {push_id(name, day, number) for name in names for day in (1, 11) for number in (0, 1, 11)}
    assert len(ids) == len(names) * 6


def test_what_came_is_counted_by_local_days() -> None:
    """Contract: a week is seven days with this one; what stood below another counts for itself alone."""
    user = PushUser(
        pushes=(Push(93, 0, 1), Push(94, 0, 1), Push(99, 0, 2), Push(100, 0, 1), Push(100, 0, 3, also=True))
    )
    assert [sent_in(user, 100, days) for days in (1, 2, 7, 8)] == [1, 2, 3, 4]
    assert [times_in(user, each, 100, 7) for each in (1, 2, 3, 4)] == [2, 1, 1, 0]
    assert days_to_room(user, 100) == 1
    assert days_to_room(NOBODY, 100) == 7
    assert sent_in(user, 98, 7) == 2


def test_a_failure_gives_room_back_from_the_day_after_it_on() -> None:
    """Contract: told once or twice, and of no other push."""
    user = PushUser(pushes=(Push(100, 0, 1), Push(100, 0, 3, also=True), Push(101, 0, 1)))
    failed = with_failure(with_failure(user, 100, 0, 102), 100, 0, 105)
    assert [sent_in(failed, day, 7) for day in (101, 102, 103)] == [2, 2, 1]
    assert [times_in(failed, 3, day, 7) for day in (102, 103)] == [1, 0]
    assert with_failure(with_failure(user, 100, 0, 105), 100, 0, 102) == failed
    assert sent_in(with_failure(user, 100, 0, 90), 100, 7) == 1


def test_a_failure_that_is_read_first_is_of_the_push_that_comes() -> None:
    """Contract: the same state as in the order in which it happened."""
    before = PushUser(day=99, number=1)
    then = with_failure(with_point(before, 100, 5, [Push(100, 0, 7)]), 100, 0, 101)
    first = with_point(with_failure(before, 100, 0, 101), 100, 5, [Push(100, 0, 7)])
    assert first == then
    withheld = with_point(with_failure(before, 100, 0, 101), 100, 5, [])
    assert withheld.pushes == ()


def test_nobody_fills_a_users_memory_by_failures_of_pushes_that_never_were() -> None:
    """Contract: the next four are kept until their points are over; those of the past are of pushes that are known."""
    user = PushUser(day=99, number=1, pushes=(Push(99, 0, 7),))
    for day, number in [(98, 0), (50, 3), *((300 - each, 0) for each in range(201)), (99, 1), (100, 0), (60_000, 0)]:
        user = with_failure(user, day, number, 300)
    assert [(each.day, each.number) for each in user.pushes] == [(99, 0), (99, 1), (100, 0), (101, 0), (102, 0)]
    assert [(each.day, each.number) for each in without_point(user, 102).pushes] == [(99, 0), (102, 0)]
    assert with_point(user, 110, 5, []).pushes == (Push(99, 0, 7),)


@pytest.mark.parametrize(("day", "number"), [(65_536, 0), (99_999, 0), (20_000, 100), (20_000, 256)])
def test_an_id_that_no_state_could_hold_is_none(day: int, number: int) -> None:
    """Contract: whoever makes up an id that hashes well does not end the job."""
    assert placed("u42", push_id("u42", day, number)) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=60))
def test_what_is_kept_is_bounded_and_nothing_is_kept_that_no_cap_asks_for(steps: list[tuple[int, bool]]) -> None:
    """Contract: at most 64 pushes of four weeks, and numbers of a day rise from 0; bytes are read back."""
    user, day = NOBODY, 20_000
    for ahead, is_sent in steps:
        day += ahead
        number = next_number(user, day)
        assert number == 0 or day == user.day
        rows = [Push(day, number, each, also=each > 1) for each in range(1, 5)] if is_sent else []
        user = with_point(user, day, 9, rows)
        assert next_number(user, day) == number + 1
        assert len(user.pushes) <= MOST_PUSHES
        assert all(day - each.day < KEPT_DAYS for each in user.pushes)
        assert decode_part(encode_part(PushPart(user))).user == user


def test_codes_are_of_the_last_seven_days() -> None:
    """Contract: the best of a day that has several points; days without one are none, a long absence leaves nothing."""
    user = NOBODY
    for day, code in [(100, 10), (101, 20), (101, 15), (104, 30)]:
        user = with_point(user, day, code, [])
    assert list(user.codes) == [30, 0, 0, 20, 10, 0, 0]
    assert list(without_point(user, 106).codes) == [0, 0, 30, 0, 0, 20, 10]
    assert list(without_point(user, 30_000, 4).codes) == [4, 0, 0, 0, 0, 0, 0]


def test_who_unsubscribed_is_sent_nothing_until_he_agrees_anew() -> None:
    """Contract: newest of all orders; a profile of the same second or before does not count, one of later does."""
    for times in permutations([4_999, 4_001, 10]):
        user = NOBODY
        for at_ms in times:
            user = with_unsubscribe(user, at_ms)
        assert user.unsubscribed_s == 5
        assert not agrees(user, AGREED)
        assert agrees(user, AGREED._replace(ts_ms=5_001))
    assert agrees(NOBODY, AGREED)


@pytest.mark.parametrize("profile", [None, AGREED._replace(push=False), AGREED._replace(stated=False)])
def test_who_said_nothing_or_no_is_sent_nothing(profile: KeptProfile | None) -> None:
    """Contract: consent to pushes is not given by silence, and not by a profile that was taken back."""
    assert not agrees(NOBODY, profile)


def test_an_event_that_says_so_takes_consent_or_gives_room_back_and_no_other_does() -> None:
    """Contract: `unsubscribe` by its own time, `push_failed` by the id of its push, once however often it is told."""
    user = with_point(NOBODY, 20_000, 9, [Push(20_000, 0, 7)])
    failed = Event(push_id("u", 20_000, 0), "u", EventType.PUSH_FAILED, 20_002 * 86_400_000)
    left = Event("e", "u", EventType.UNSUBSCRIBE, 1_700_000_000_001)

    def day_of(at_ms: int) -> int:
        return at_ms // 86_400_000

    assert sent_in(heard(user, failed, day_of), 20_002, 7) == 1
    assert sent_in(heard(user, failed, day_of), 20_003, 7) == 0
    assert heard(heard(user, failed, day_of), failed, day_of) == heard(user, failed, day_of)
    assert heard(user, left, day_of).unsubscribed_s == 1_700_000_001
    for none in (
        failed._replace(user_id="v"),
        failed._replace(event_id=push_id("v", 20_000, 0)),
        failed._replace(event_id="e"),
        left._replace(type=EventType.VIEW),
        left._replace(type=EventType.ERASE),
    ):
        assert heard(user, none, day_of) == user
