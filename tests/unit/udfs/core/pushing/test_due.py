"""When users are due next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.profiles.kept_profile import KeptProfile
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.push.push_user import NOBODY, PushUser, with_unsubscribe
from tideline.udfs.core.push.send_hours import SLOT
from tideline.udfs.core.pushing.due import MINUTE_MS, NO_SLOT, Waiting, chances_of, next_slots

DAY_MS = 86_400_000
DAY = 20_000
START_MS = DAY * DAY_MS
SETTINGS = read_push('{"week": 7, "zones": ["UTC"], "hours": [["all", "09:00", "20:00"]]}')
AGREED = KeptProfile(1, True, True, True, True, "UTC", (), ())


def waiting(name: str, user: PushUser = NOBODY, hours: tuple[int, ...] = (), **profile: Any) -> Waiting:
    """Return a user who did something at these hours of the day before, by UTC."""
    times = np.zeros(31, np.int64)
    times[: len(hours)] = [START_MS - DAY_MS + hour * 3_600_000 for hour in hours]
    return Waiting(user, AGREED._replace(**profile), hash64(name), times)


def days(some: list[Waiting], now_ms: int, *, over: bool = False) -> list[int]:
    """Return on which day of UTC each is due, from DAY on; None where he is not."""
    return [slot.bucket * SLOT // 1_440 - DAY for slot in next_slots(some, SETTINGS, 5, now_ms, over=over)]


def test_who_is_not_due_yet_is_today_where_his_hour_is_to_come_and_tomorrow_where_it_is_past() -> None:
    """Contract: at noon, who comes at eleven and who comes at four in the afternoon."""
    early, late = (11,) * 31, (16,) * 31
    some = [waiting(f"u{at}", hours=late if at % 2 else early) for at in range(400)]
    slots = next_slots(some, SETTINGS, 5, START_MS + DAY_MS // 2, over=False)
    hour_of = np.array([slot.bucket * SLOT % 1_440 // 60 for slot in slots])
    day_of = np.array([slot.bucket * SLOT // 1_440 - DAY for slot in slots])
    usual = np.arange(400) % 2 == 1
    assert np.mean(hour_of[usual] == 16) > 0.9
    assert np.mean(hour_of[~usual] == 11) > 0.9
    assert set(day_of.tolist()) == {0, 1}
    assert np.mean(day_of[usual] == 0) > 0.9
    assert np.mean(day_of[~usual] == 1) > 0.9
    assert (hour_of[day_of == 0] >= 12).all()


def test_a_day_that_has_begun_moves_nobody_and_one_to_come_does() -> None:
    """Contract: who is due today stays so whatever is known by now; who is due tomorrow goes with what he does."""
    today = NOBODY._replace(due=(START_MS // MINUTE_MS + 15 * 60) // SLOT)
    tomorrow = NOBODY._replace(due=today.due + 1_440 // SLOT)
    found = next_slots(
        [waiting("a", today, (10,) * 31), waiting("a", tomorrow, (10,) * 31)], SETTINGS, 5, START_MS + 1, over=False
    )
    assert found[0].bucket == today.due
    assert found[1].bucket * SLOT // 1_440 == DAY + 1
    assert found[1].bucket * SLOT % 1_440 // 60 == 10


def test_after_a_point_it_is_the_next_day_that_is_not_past() -> None:
    """Contract: behind an outage days that are over have none; a day with a point has no other."""
    some = [waiting("a", NOBODY._replace(day=DAY)), waiting("b", NOBODY._replace(day=DAY - 9))]
    assert days(some, START_MS + DAY_MS // 2, over=True) == [1, 0]


def test_who_does_not_agree_is_never_due() -> None:
    """Contract: without consent, forgotten, or unsubscribed since his profile."""
    left = with_unsubscribe(NOBODY, 2_000)
    some = [
        waiting("a", push=False),
        waiting("b", stated=False),
        waiting("c", left),
        Waiting(NOBODY, None, 1, np.zeros(31, np.int64)),
    ]
    assert next_slots(some, SETTINGS, 5, START_MS, over=False) == [NO_SLOT] * 4


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Pacific/Chatham"])
def test_hours_are_those_of_the_users_zone_by_pythons_own_clocks(zone: str) -> None:
    """Contract: over a year, with its changes of the clocks; without a zone all of the audience's."""
    some = [waiting(f"u{at}", zone=zone) for at in range(40)]
    for day in range(0, 366, 5):
        for slot in next_slots(some, SETTINGS, 5, START_MS + day * DAY_MS, over=True):
            clock = datetime.fromtimestamp(slot.bucket * SLOT * 60, UTC).astimezone(ZoneInfo(zone))
            assert 9 <= clock.hour < 20


def test_a_week_without_an_hour_has_no_slot_and_a_day_without_one_is_passed_over() -> None:
    """Contract: on Sundays alone, everybody is due on a Sunday."""
    sundays = read_push('{"week": 7, "zones": ["UTC"], "hours": [["sun", "09:00", "12:00"]]}')
    (slot,) = next_slots([waiting("a")], sundays, 5, START_MS, over=False)
    assert datetime.fromtimestamp(slot.bucket * SLOT * 60, UTC).strftime("%a") == "Sun"
    assert 0.0 < chances_of([waiting("a")], [slot.bucket * SLOT // 1_440], sundays, 5)[0] <= 1.0
