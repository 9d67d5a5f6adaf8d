"""When a push may be sent, judged by Python's own time zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.plain_rules import is_open, zone_of
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.local_time import DAY, NEVER
from tideline.udfs.core.push.send_hours import (
    EXPIRES,
    EXPLORED,
    NO_SLOT,
    SLOT,
    Clocks,
    allowed_until,
    choose,
    clocks_of,
    day_slots,
    expiry,
    hour_counts,
)

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
)
DAYTIME = (("all", "08:00", "21:00"),)
NIGHT = (("sat", "22:30", "03:15"), ("sun", "00:45", "02:33"), ("mon", "09:02", "16:58"))
FIRST = datetime(2027, 1, 1, tzinfo=UTC)
DAY_0 = int(FIRST.timestamp()) // 86_400
FLAT = np.full(24, 1 / 24)


def changing_days(zone: str) -> list[int]:
    """Return the local days of 2027 on which the clocks change, and those beside them."""
    offsets = [(FIRST + timedelta(days=each)).astimezone(zone_of(zone)).utcoffset() for each in range(366)]
    found = [at for at in range(1, 366) if offsets[at] != offsets[at - 1]]
    assert len(found) == 2
    return [DAY_0 + at + near for at in found for near in (-2, -1, 0, 1)]


def open_in_all(clocks: Clocks, minute: int) -> bool:
    """Return whether a minute is inside the hours by the clocks of all zones."""
    return all(is_open(clocks.hours, zone, minute) for zone in clocks.zones)


@pytest.mark.parametrize("hours", [DAYTIME, NIGHT])
@pytest.mark.parametrize("zone", ZONES)
def test_the_slots_of_a_day_are_all_that_its_clocks_allow(zone: str, hours: tuple[tuple[str, str, str], ...]) -> None:
    """Contract: no bucket reaches into quiet hours and none is left out, on the days of both changes too."""
    clocks = Clocks(hours, (zone,))
    for day in changing_days(zone):
        found = day_slots(clocks, day)
        expected = {}
        for bucket in range((day - 1) * DAY // SLOT, (day + 2) * DAY // SLOT):
            local = datetime.fromtimestamp(bucket * SLOT * 60, UTC).astimezone(zone_of(zone))
            its_day = (local.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
            if its_day == day and all(is_open(hours, zone, bucket * SLOT + minute) for minute in range(SLOT)):
                expected[bucket] = local.hour
        assert dict(zip(found.buckets.tolist(), found.hours.tolist(), strict=True)) == expected


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 365 * DAY), st.sets(st.sampled_from(ZONES), min_size=1, max_size=3), st.sampled_from([0, 1]))
def test_it_is_quiet_wherever_anybody_of_the_audience_sleeps(after: int, zones: set[str], which: int) -> None:
    """Contract: allowed where all clocks say so, up to the minute in which the first of them does not."""
    clocks = Clocks((DAYTIME, NIGHT)[which], tuple(sorted(zones)))
    minute = DAY_0 * DAY + after
    until = int(allowed_until(clocks, np.array([minute]))[0])
    assert (until > 0) == open_in_all(clocks, minute)
    if until:
        assert minute < until
        assert open_in_all(clocks, until - 1)
        assert not open_in_all(clocks, until)


def test_whose_zone_is_known_has_his_own_clocks() -> None:
    """Contract: of who is anywhere in the world no hour is left, and his day has no slot."""
    own = clocks_of(DAYTIME, "Pacific/Chatham", ZONES)
    assert own.zones == ("Pacific/Chatham",)
    anywhere = day_slots(clocks_of(DAYTIME, None, ZONES), DAY_0)
    assert anywhere.buckets.size == 0
    assert choose(np.zeros((2, 24), int), FLAT, anywhere, hashes64("ab")).bucket.tolist() == [NO_SLOT] * 2
    always = Clocks((("all", "00:00", "24:00"),), ("UTC",))
    assert allowed_until(always, np.array([0])).tolist() == [NEVER]


def test_a_push_expires_with_its_activity_at_the_quiet_hour_or_two_hours_late() -> None:
    """Contract: whichever comes first; what is told of at or after it is not sent any more."""
    clocks = Clocks((("all", "08:00", "21:00"),), ("UTC",))
    noon = DAY_0 * DAY + 12 * 60
    evening, never = noon + 8 * 60, np.array([2**62])

    def at(due: int, now: int, ends_ms: np.ndarray = never) -> int:  # type: ignore[type-arg]
        return int(expiry(clocks, np.array([due // SLOT]), now * 60_000, ends_ms)[0])

    assert at(noon, noon) == (noon + EXPIRES) * 60_000
    assert at(noon, noon + EXPIRES - 1) == (noon + EXPIRES) * 60_000
    assert at(noon, noon + EXPIRES) == 0
    assert at(evening, evening) == (evening + 60) * 60_000
    assert at(evening, evening + 61) == 0
    assert at(noon, noon, np.array([(noon + 3) * 60_000])) == (noon + 3) * 60_000
    assert at(noon, noon + 3, np.array([(noon + 3) * 60_000])) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 400 * DAY), max_size=31), st.sampled_from(ZONES), st.integers(0, 2**32 - 1))
def test_hours_are_those_of_the_users_clocks_and_add_up(minutes: list[int], zone: str, seed: int) -> None:
    """Contract: in any order and any parts the same, and beside Python's clocks one by one."""
    times = np.array([[(DAY_0 * DAY + each) * 60_000 for each in minutes] + [0]])
    before = (DAY_0 + 300) * DAY
    expected = [0] * 24
    for each in minutes:
        if DAY_0 * DAY + each < before:
            expected[datetime.fromtimestamp((DAY_0 * DAY + each) * 60, zone_of(zone)).hour] += 1
    assert hour_counts(times, zone, before).tolist() == [expected]
    if minutes:
        newest = DAY_0 * DAY + max(minutes)
        assert hour_counts(times, zone, newest).sum() == sum(each < max(minutes) for each in minutes)
    mixed = np.random.default_rng(seed).permutation(times[0])
    parts = [hour_counts(part[None], zone, before) for part in np.array_split(mixed, 3)]
    assert sum(parts).tolist() == [expected]  # type: ignore[union-attr]


def test_the_hour_is_the_users_best_that_is_allowed_and_now_and_then_any() -> None:
    """Contract: who reads at three at night is not woken; chances are those that are drawn."""
    users = 40_000
    counts = np.zeros((users, 24), np.int64)
    counts[:, 3], counts[:, 19], counts[:, 20] = 20, 5, 5
    day = day_slots(Clocks(DAYTIME, ("Europe/Berlin",)), DAY_0)
    found = choose(counts, FLAT, day, hashes64(str(number) for number in range(users)))
    share = np.bincount(found.hour, minlength=24) / users
    drawn = EXPLORED / 256
    expected = np.where(np.isin(np.arange(24), [19, 20]), (1 - drawn) / 2 + drawn / 13, drawn / 13)
    expected[[*range(8), 21, 22, 23]] = 0.0
    assert share == pytest.approx(expected, abs=0.01)
    assert found.chance == pytest.approx(expected[found.hour])
    places = np.searchsorted(day.buckets, found.bucket)
    assert np.array_equal(day.buckets[places], found.bucket)
    assert np.array_equal(day.hours[places], found.hour)
    spread = np.bincount(found.bucket[found.hour == 19] % 12, minlength=12)
    assert spread.min() > 0.8 * spread.mean()


def test_who_has_done_little_leans_on_what_all_do() -> None:
    """Contract: one thing at nine is less than what four things of all say; five are more."""
    prior = np.zeros(24)
    prior[18] = 1.0
    counts = np.zeros((2, 24), np.int64)
    counts[:, 9] = [1, 5]
    day = day_slots(Clocks(DAYTIME, ("UTC",)), DAY_0)
    hours = [choose(counts, prior, day, hashes64([f"{n}", f"{n}b"])).hour.tolist() for n in range(200)]
    usual = [max(set(each), key=each.count) for each in zip(*hours, strict=True)]
    assert usual == [18, 9]


def test_a_day_that_loses_its_best_hour_has_the_next_best() -> None:
    """Contract: there is no half past two on the day the clocks go forward; on the day they go back it comes twice."""
    clocks = Clocks((("all", "00:00", "24:00"),), ("Europe/Berlin",))
    forward, back = (int(datetime(2027, *each, tzinfo=UTC).timestamp()) // 86_400 for each in ((3, 28), (10, 31)))
    counts = np.zeros((500, 24), np.int64)
    counts[:, 2], counts[:, 7] = 9, 5
    seeds = hashes64(str(number) for number in range(500))
    short, long = (choose(counts, FLAT, day_slots(clocks, day), seeds) for day in (forward, back))
    assert np.bincount(short.hour).argmax() == 7
    assert 2 not in short.hour
    assert np.unique(long.bucket[long.hour == 2]).size == 24
