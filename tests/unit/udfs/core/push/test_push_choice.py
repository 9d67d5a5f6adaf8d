"""What is decided at a decision point."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.push_shard import AGREED
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.push.push_choice import Candidate, Decided, Point, PushTerms, Why, decide_point, own_price
from tideline.udfs.core.push.push_prices import FULL, SEND, value_codes
from tideline.udfs.core.push.push_user import NOBODY, Push, PushUser, push_id, tag_of, with_unsubscribe
from tideline.udfs.core.push.sending import EXPLORE, SCARCE, held_out

TERMS = PushTerms(day=1, week=3, price=0, salt=5, known=True)
NAMES = [f"u{number}" for number in range(400)]
FREE = [name for name, held in zip(NAMES, held_out(hashes64(NAMES), 5).tolist(), strict=True) if not held]
HELD = sorted(set(NAMES) - set(FREE))
A, B, C = Candidate("a", 900), Candidate("b", 700), Candidate("c", 500)
DAY, OPEN = 20_000, 2**50


def decided(candidates: list[Candidate], user: PushUser = NOBODY, terms: PushTerms = TERMS) -> list[Decided]:
    """Return what is decided for each of some users who are not held out."""
    return [decide_point(user, AGREED, Point(name, DAY, OPEN), candidates, terms)[1] for name in FREE]


def test_the_best_is_sent_with_others_that_are_worth_it_below() -> None:
    """Contract: up to three, by value, each once; withheld as often as is told, of the same record."""
    found = decided([C, A, Candidate("d", 1), B, Candidate("e", -4), Candidate("f", 2)])
    assert {each.activities for each in found} == {("a", "b", "c", "f")}
    assert {(each.chance, each.value, each.price, each.recent) for each in found} == {(SEND, 900, 0, 0)}
    assert {each.why: each.sent for each in found} == {Why.SENT: True, Why.WITHHELD: False}
    assert abs(sum(each.sent for each in found) / len(found) - SEND / 256) < 0.06
    assert {each.push_id for each in found} == {push_id(name, DAY, 0) for name in FREE}


def test_what_is_not_sure_to_be_worth_it_is_sent_less_often_and_what_may_be_more_often() -> None:
    """Contract: the chance is how likely it is worth its price; one standard error is five times in six."""
    point = Point(FREE[0], DAY, OPEN, width=200)
    for price, likely in ((700, 0.84), (900, 0.5), (1_100, 0.16)):
        found = decide_point(NOBODY, AGREED, point, [A], TERMS._replace(price=price))[1]
        assert found.chance / 256 == pytest.approx(likely, abs=0.005)


def test_once_the_room_of_all_is_used_up_nothing_is_sent() -> None:
    """Contract: not even as seldom as what is not worth it; what must be sent is."""
    full = TERMS._replace(price=FULL)
    assert {(each.why, each.push_id) for each in decided([A, B], terms=full)} == {(Why.CAPPED, None)}
    assert {each.why for each in decided([A, B._replace(must=True)], terms=full)} == {Why.SENT}


def test_whether_it_is_sent_does_not_depend_on_what_it_is() -> None:
    """Contract: another activity that is worth it too, as after a restore, is sent where the first was."""
    one, other = decided([A, B]), decided([Candidate("z", 12_345)])
    assert [each.sent for each in one] == [each.sent for each in other]
    assert {each.sent for each in one} == {True, False}


def test_what_is_sent_is_kept_and_what_is_withheld_is_not() -> None:
    """Contract: one message, and each activity for its own cap."""
    for name in FREE[:40]:
        user, found = decide_point(NOBODY, AGREED, Point(name, DAY, OPEN), [A, B], TERMS)
        kept = (Push(DAY, 0, tag_of("a")), Push(DAY, 0, tag_of("b"), also=True))
        assert set(user.pushes) == (set(kept) if found.sent else set())
        assert (user.day, user.number) == (DAY, 1)


def test_priority_goes_before_value_among_what_is_worth_its_price() -> None:
    """Contract: a marketer's tier cannot make a push worth sending."""
    told = {each.activities for each in decided([A, B._replace(priority=2), C._replace(priority=1, value=-1)])}
    assert told == {("b", "a")}
    worthless = decided([A._replace(value=-5), B._replace(value=-9, priority=7)])
    assert {(each.activities, each.chance) for each in worthless} == {(("a",), EXPLORE)}


def test_what_must_be_sent_is_sent_whatever_it_is_worth_and_however_many_came() -> None:
    """Contract: always, to who is held out too, alone but for others that must, and nothing is learned of it."""
    full = PushUser(day=DAY - 1, pushes=tuple(Push(DAY - at, 0, 9) for at in (3, 2, 1)))
    must = [Candidate("m", -3, must=True), Candidate("n", -4, must=True, priority=1), A]
    for name in (*FREE[:20], *HELD):
        user, found = decide_point(full, AGREED, Point(name, DAY, OPEN), must, TERMS)
        assert found[:5] == (Why.SENT, push_id(name, DAY, 0), ("n", "m"), True, 256)
        assert {each.activity for each in user.pushes[3:]} == {tag_of("m"), tag_of("n")}


def test_nothing_goes_past_consent_and_only_what_breaks_quiet_past_quiet_hours() -> None:
    """Contract: not even what must be sent; an expired point is as one in quiet hours."""
    must = Candidate("m", 5, must=True)
    gone = with_unsubscribe(NOBODY, 10**12)
    for candidates in ([must], [must._replace(breaks_quiet=True)], [A]):
        for user, profile in ((NOBODY, None), (gone, AGREED), (NOBODY, AGREED._replace(push=False))):
            after, found = decide_point(user, profile, Point(FREE[0], DAY, OPEN), candidates, TERMS)
            assert found == Decided(Why.NO_CONSENT)
            assert (after.day, after.pushes) == (DAY, ())
    quiet = Point(FREE[0], DAY, 0)
    assert decide_point(NOBODY, AGREED, quiet, [must, A], TERMS)[1] == Decided(Why.QUIET)
    assert decide_point(NOBODY, AGREED, quiet, [must._replace(breaks_quiet=True), A], TERMS)[1].activities == ("m",)


def test_who_is_held_out_is_never_pushed() -> None:
    """Contract: about one in 20, and no decision point of theirs is drawn."""
    assert 5 < len(HELD) < 40
    for name in HELD:
        assert decide_point(NOBODY, AGREED, Point(name, DAY, OPEN), [A], TERMS)[1] == Decided(Why.HELD_OUT)


@pytest.mark.parametrize(
    ("pushes", "why"),
    [
        ([Push(DAY, 0, 9)], Why.CAPPED),
        ([Push(DAY - 6, 0, 9), Push(DAY - 3, 0, 9), Push(DAY - 1, 0, 9)], Why.CAPPED),
        ([Push(DAY - 7, 0, 9), Push(DAY - 3, 0, 9), Push(DAY - 1, 0, 9)], None),
        ([Push(DAY - 6, 0, 9), Push(DAY - 3, 0, 9, failed=2), Push(DAY - 1, 0, 9)], None),
        ([Push(DAY - 6, 0, 9), Push(DAY - 3, 0, 9, also=True), Push(DAY - 1, 0, 9)], None),
        ([Push(DAY - 20, 0, tag_of("a"))], Why.NOTHING),
        ([Push(DAY - 28, 0, tag_of("a"))], None),
    ],
)
def test_caps_of_day_week_and_campaign_hold(pushes: list[Push], why: Why | None) -> None:
    """Contract: of local days; what failed before today, or stood below another, leaves room."""
    user = PushUser(day=DAY - 1, number=1, pushes=tuple(pushes))
    if pushes[0].day == DAY:
        user = user._replace(day=DAY)
    found = decided([A._replace(most=1, days=28)], user)
    assert {each.why for each in found} == ({why} if why else {Why.SENT, Why.WITHHELD})


def test_a_campaign_without_room_gives_way_to_the_next() -> None:
    """Contract: above and below."""
    user = PushUser(day=DAY - 1, pushes=(Push(DAY - 2, 0, tag_of("a")),))
    assert {each.activities for each in decided([A._replace(most=1), B, C], user)} == {("b", "c")}


def test_room_is_kept_for_a_users_better_days() -> None:
    """Contract: two messages in seven days go above his third best day; without room nothing does; at first all do."""
    user = PushUser(day=DAY - 1, codes=bytes([10, 20, 30, 40, 50, 60, 70]))
    assert own_price(user, DAY, 7) == 0
    assert own_price(user, DAY, 2) > own_price(user, DAY, 4) > 0
    assert own_price(NOBODY, DAY, 1) == 0
    sent = user._replace(pushes=(Push(DAY - 1, 0, 9),))
    assert own_price(sent, DAY, 1) == FULL
    assert own_price(sent, DAY, 2) >= own_price(user, DAY, 2)


def test_a_push_below_the_price_of_the_users_week_or_of_all_is_sent_seldom() -> None:
    """Contract: whichever price is higher is told and asked for."""
    better = PushUser(day=DAY - 1, codes=bytes([41] * 7))
    own = own_price(better, DAY, 3)
    assert own > A.value
    for user, terms, price in ((better, TERMS, own), (better, TERMS._replace(price=own + 5), own + 5)):
        assert {(each.chance, each.price) for each in decided([A], user, terms)} == {(SCARCE, price)}
    assert {each.price for each in decided([A], NOBODY, TERMS._replace(price=70))} == {70}


def test_days_of_long_ago_say_nothing_of_what_the_next_ones_are_worth() -> None:
    """Contract: seven days by the calendar, whether he had a point on them or not."""
    user = PushUser(day=DAY - 1, codes=bytes([40, 60, 60, 60, 60, 60, 60]))
    assert own_price(user, DAY + 5, 1) < own_price(user, DAY, 1)
    assert own_price(user, DAY + 6, 1) == own_price(user, DAY + 600, 1) == 0


def test_what_a_day_without_room_would_have_been_worth_is_remembered() -> None:
    """Contract: or only the days with room would say what a day is worth; what else is refused says nothing."""
    full = PushUser(day=DAY - 1, pushes=tuple(Push(DAY - at, 0, 9) for at in (3, 2, 1)))
    capped, _ = decide_point(full, AGREED, Point(FREE[0], DAY, OPEN), [A, B], TERMS)
    assert list(capped.codes) == [value_codes(np.array([A.value]))[0], 0, 0, 0, 0, 0, 0]
    quiet, _ = decide_point(full, AGREED, Point(FREE[0], DAY, 0), [A, B], TERMS)
    assert (quiet.day, quiet.codes) == (DAY, bytes(7))


def test_a_user_who_flies_west_has_no_second_first_message_of_a_day() -> None:
    """Contract: a day before one that is over counts as that one, so its id is another and its cap is full."""
    user, first = decide_point(NOBODY, AGREED, Point(FREE[0], DAY, OPEN), [A], TERMS)
    _, again = decide_point(user, AGREED, Point(FREE[0], DAY - 1, OPEN), [A], TERMS._replace(day=9))
    assert first.push_id == push_id(FREE[0], DAY, 0)
    assert again.push_id == push_id(FREE[0], DAY, 1)


@pytest.mark.parametrize("week", [2, 4, 5, 16])
def test_a_year_of_messages_leaves_room_for_the_next_one(week: int) -> None:
    """Contract: caps forget; who has as many pushes as are kept is sent others once the oldest are four weeks ago."""
    terms, user, random = TERMS._replace(week=week), NOBODY, np.random.default_rng(week)
    sent: list[int] = []
    for day in range(DAY, DAY + 365):
        worth = [each._replace(value=int(random.integers(1, 2_000))) for each in (A, B, C, Candidate("d", 0))]
        user, found = decide_point(user, AGREED, Point(FREE[0], day, OPEN), worth, terms)
        sent += [day] * found.sent
        assert len(user.pushes) <= 64
        assert all(each.day > day - 28 for each in user.pushes)
        assert sum(each > day - 7 for each in sent) <= week
    by_quarter = np.histogram(sent, 4, (DAY, DAY + 365))[0]
    assert by_quarter.min() > 0.8 * by_quarter.max()


@pytest.mark.parametrize("week", [1, 2, 3])
def test_who_is_worth_the_same_every_day_uses_the_room_of_his_week(week: int) -> None:
    """Contract: a price between values that count as alike would be above all of them, and he be sent next to none."""
    terms, sent = TERMS._replace(week=week), list[int]()
    for name, worth in zip(FREE[:30], np.random.default_rng(1).integers(10**5, 10**7, 30).tolist(), strict=True):
        user = NOBODY
        for day in range(DAY, DAY + 84):
            user, found = decide_point(user, AGREED, Point(name, day, OPEN), [A._replace(value=worth)], terms)
            sent += [worth] * found.sent
    assert len(sent) > 0.95 * 30 * 12 * week
