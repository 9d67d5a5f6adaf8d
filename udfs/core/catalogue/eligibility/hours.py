"""Hours of the week in which an activity may be shown, by the clocks of its zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.local_time import DAY, NEVER, WEEK, changes, zones

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.schemas.fields import Fields

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = "all"
MAX_WINDOWS = 64
_NOBODY: dict[str, NDArray[np.int64]] = {}
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")

Window = tuple[str, str, str]
"""Day (or all), from, to: `("fri", "18:00", "02:00")` is over on Saturday at two."""


def read_zone(fields: Fields, name: str = "time_zone") -> str | None:
    """Return the time zone of a record, None where it has none."""
    if fields.given(name) is None:
        return None
    return fields.choice(name, zones(), "a time zone such as Europe/Berlin or UTC")


def read_hours(fields: Fields, zone: str | None) -> tuple[Window, ...]:
    """Return the hours of a record; they are those of its time zone, which must be given."""
    stated = fields.given("hours")
    if not isinstance(stated, list) or len(stated) > MAX_WINDOWS:
        fields.refuse("hours", f'at most {MAX_WINDOWS} of ["mon", "09:00", "18:00"]')
    if stated and zone is None:
        fields.refuse("time_zone", "it must be given where there are hours")
    for at, each in enumerate(stated):
        if not isinstance(each, (list, tuple)) or len(each) != 3 or not all(isinstance(part, str) for part in each):
            fields.refuse_inside(f"hours[{at}]", each, '["mon", "09:00", "18:00"]: day, from, to')
        day, start, end = each
        if day not in (*DAYS, EVERY_DAY):
            fields.refuse_inside(f"hours[{at}]", each, f"a day of {', '.join(DAYS)}, or {EVERY_DAY}")
        if not (_CLOCK.fullmatch(start) and _CLOCK.fullmatch(end)) or start == "24:00":
            fields.refuse_inside(f"hours[{at}]", each, "times from 00:00 to 23:59, and 24:00 for the end of a day")
        if start == end:
            fields.refuse_inside(f"hours[{at}]", each, "from and to that differ; a whole day is 00:00 to 24:00")
    return tuple((day, start, end) for day, start, end in stated)


@lru_cache(maxsize=4096)
def minutes_open(hours: tuple[Window, ...]) -> NDArray[np.int64]:
    """Return for each minute of the week how long it stays open from there on, 0 while it is closed.

    >>> left = minutes_open((("mon", "09:00", "18:00"),))
    >>> left[9 * 60 - 1 : 9 * 60 + 2].tolist()
    [0, 540, 539]
    """
    is_open = np.zeros(WEEK, np.bool_)
    for day, start, end in hours:
        for number in range(7) if day == EVERY_DAY else (DAYS.index(day),):
            begin, length = number * DAY + _minute(start), (_minute(end) - _minute(start)) % DAY or DAY
            is_open[np.arange(begin, begin + length) % WEEK] = True
    closed = np.flatnonzero(~is_open)
    if not closed.size:
        return np.full(WEEK, NEVER)
    place = np.arange(WEEK)
    after = np.append(closed, closed[0] + WEEK)
    left: NDArray[np.int64] = after[np.searchsorted(after, place)] - place
    return left


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of all activities at once: H different ones, by zone; of an activity without any the number is -1."""

    zones: tuple[str, ...]
    left: NDArray[np.int64]
    """[H, WEEK], see minutes_open."""
    number: NDArray[np.int64]
    """Of the hours of each activity [K]."""

    @classmethod
    def of(cls, hours: Sequence[tuple[str | None, tuple[Window, ...]]]) -> Hours:
        """Compile the zone and the hours of each activity."""
        different = dict.fromkeys((zone or "UTC", windows) for zone, windows in hours if windows)
        number_of = {each: number for number, each in enumerate(different)}
        left = np.array([minutes_open(windows) for _, windows in different], np.int64).reshape(len(different), WEEK)
        number = [number_of.get((zone or "UTC", windows), -1) for zone, windows in hours]
        return cls(tuple(zone for zone, _ in different), left, np.array(number, np.int64))

    def closing(self, minutes: NDArray[np.int64], own: Mapping[str, NDArray[np.int64]] = _NOBODY) -> NDArray[np.int64]:
        """Return [U, K] until when, in minutes since the epoch, each activity stays open; 0 where it is closed.

        NEVER where it has no hours. `own` has the users whose own clocks count, by zone.
        """
        if not (minutes.size and self.zones):
            return np.full((minutes.size, self.number.size), NEVER)
        moments, of_user = np.unique(minutes, return_inverse=True)
        found = np.full((moments.size, len(self.zones) + 1), NEVER)
        for number, zone in enumerate(self.zones):
            found[:, number] = open_until(self.left[number], zone, moments)
        of_each: NDArray[np.int64] = found[of_user[:, None], self.number]
        for zone, users in own.items():
            theirs = np.full((users.size, len(self.zones) + 1), NEVER)
            for number, left in enumerate(self.left):
                theirs[:, number] = open_until(left, zone, minutes[users])
            of_each[users] = theirs[:, self.number]
        return of_each


def open_until(left: NDArray[np.int64], zone: str, at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return until when what has these hours stays open from each moment on, 0 where it is closed, NEVER for ever.

    `left` is of `minutes_open`; moments are minutes since the epoch. Clocks that are put forward or back meanwhile are
    looked at again from that moment on.
    """
    clocks = changes(zone, at)
    found = np.zeros(at.size, np.int64)
    going_on = np.arange(at.size)
    while going_on.size:
        still, changed = left[clocks.at(at)], clocks.after(at)
        end = np.where(still == NEVER, NEVER, at + np.where(still == NEVER, 0, still))
        found[going_on] = np.where(still > 0, end, np.where(found[going_on] > 0, at, 0))
        over = (still == 0) | (end < changed) | (changed == NEVER)
        going_on, at = going_on[~over], changed[~over]
    return found
