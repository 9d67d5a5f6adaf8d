"""A year of pushes in zones whose clocks are put forward and back, judged by Python's own time zones.

Every day each user has a slot by his own hours, of which many are at night. He is told of it some minutes later, or
where the job was down, up to ten hours later, also over both changes of the clocks; whoever has moved meanwhile has
the clocks of his new zone. A sender sends until the last minute before the push expires. Some users' zones are not
known, and then the clocks of all the audience count.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.push.send_hours import DAY_HOURS, SLOT, Clocks, choose, clocks_of, day_slots, expiry

if TYPE_CHECKING:
    from tideline.udfs.core.catalogue.eligibility.hours import Window

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
)
"""Both hemispheres, offsets of quarters of an hour, a change of half an hour, one at midnight."""
AUDIENCE = ZONES[:4]
"""Where all users live of whom it is not known where."""
DAYTIME: tuple[Window, ...] = (("all", "08:00", "21:00"),)
WEEKDAYS: tuple[Window, ...] = (
    *((day, "09:30", "20:15") for day in ("mon", "tue", "wed", "thu", "fri")),
    ("sat", "11:00", "01:00"),
)
_FIRST_DAY = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) // 86_400
_USERS = 60
_MINUTE_MS = 60_000
_LONG_AFTER = 2**62


class Year(NamedTuple):
    """Pushes of a simulated year."""

    sent: int
    dropped: int
    """Expired, or due where it was quiet by then."""
    held_back: int
    """Of those, how many would have been sent in quiet hours."""
    quiet: int
    """Sent where clocks that count showed a time outside the hours for sending."""


def measure(days: int = 366) -> int:
    """Return how many pushes of a year were sent in quiet hours."""
    found = year_of(days)
    say(f"quiet_violations: {found.sent} sent, {found.dropped} dropped, {found.quiet} in quiet hours")
    return found.quiet


def year_of(days: int, users: int = _USERS) -> Year:
    """Return the pushes of some days from January 2027 on, for so many users of each zone, hours and kind."""
    random, sent, dropped, held_back, quiet = np.random.default_rng(7), 0, 0, 0, 0
    prior = np.full(DAY_HOURS, 1.0 / DAY_HOURS)
    for hours in (DAYTIME, WEEKDAYS):
        for zone in (*ZONES, None):
            clocks = clocks_of(hours, zone, AUDIENCE)
            counts = random.multinomial(20, random.dirichlet(np.full(DAY_HOURS, 0.2)), users)
            for day in range(_FIRST_DAY, _FIRST_DAY + days):
                slots = choose(counts, prior, day_slots(clocks, day), random.integers(0, 2**64, users, np.uint64))
                due = slots.bucket[slots.bucket > 0]
                for bucket, late in zip(due.tolist(), _lateness(random, due.size), strict=True):
                    now_of = clocks_of(hours, str(random.choice(ZONES)), ()) if random.random() < 0.02 else clocks
                    now_ms = (bucket * SLOT + late) * _MINUTE_MS
                    until_ms = int(expiry(now_of, np.array([bucket]), now_ms, np.array([_LONG_AFTER]))[0])
                    sent, dropped = sent + bool(until_ms), dropped + (not until_ms)
                    held_back += not (until_ms or open_by_zoneinfo(now_of, now_ms))
                    moments = (now_ms, until_ms - 1) if until_ms else ()
                    quiet += any(not open_by_zoneinfo(now_of, each) for each in moments)
    return Year(sent, dropped, held_back, quiet)


def _lateness(random: np.random.Generator, count: int) -> list[int]:
    """Return after how many minutes each is told of: some at once, one in ten after an outage of up to ten hours."""
    usual, outage = random.integers(0, 3, count), random.integers(0, 600, count)
    return [int(each) for each in np.where(random.random(count) < 0.1, outage, usual)]


def open_by_zoneinfo(clocks: Clocks, at_ms: int) -> bool:
    """Return whether all clocks that count show a time at which sending is allowed, by Python's time zones alone."""
    return all(_is_open(clocks.hours, datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))) for zone in clocks.zones)


def _is_open(hours: tuple[Window, ...], local: datetime) -> bool:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    clock, today, yesterday = f"{local:%H:%M}", names[local.weekday()], names[local.weekday() - 1]
    for day, start, end in hours:
        if day in (today, "all") and start <= clock and (clock < end or end <= start):
            return True
        if day in (yesterday, "all") and end <= start and clock < end:
            return True
    return False
