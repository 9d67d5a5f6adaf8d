"""What clocks on walls show, by zone: the same on every machine, from the package tzdata and not from its system."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR, DAY, WEEK = 60, 1_440, 10_080
"""In minutes."""
NEVER = np.iinfo(np.int64).max
_EPOCH_DAY = 3  # of the week that begins on Monday
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Return the names of all zones: `Europe/Berlin`, `UTC`."""
    return frozenset(files("tzdata").joinpath("zones").read_text().split())


class Changes(NamedTuple):
    """Minutes since the epoch from which a zone's clocks are ahead of UTC by so many minutes, in rising order."""

    starts: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def at(self, minutes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the minute of the week, from Monday 0:00, that the clocks show at these minutes since the epoch."""
        return (self.local(minutes) + _EPOCH_DAY * DAY) % WEEK

    def local(self, minutes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what the clocks show at these minutes since the epoch, in minutes since their own 1 January 1970."""
        found: NDArray[np.int64] = minutes + self.offsets[np.searchsorted(self.starts, minutes, side="right") - 1]
        return found

    def after(self, minutes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when the clocks are put forward or back next, NEVER where that is not in sight."""
        return np.append(self.starts, NEVER)[np.searchsorted(self.starts, minutes, side="right")]


def changes(zone: str, minutes: NDArray[np.int64]) -> Changes:
    """Return what is needed of a zone for these moments, each with the year after it.

    >>> clocks = changes("Europe/Berlin", np.array([0]))
    >>> clocks.at(np.array([0])).tolist() == [3 * DAY + 1 * HOUR]  # Thursday, one o'clock
    True
    """
    # Years and not all between the first and the last: one clock in the year 9998 would cost 10 seconds.
    present = {_year(day * DAY) for day in np.unique(minutes // DAY).tolist()}
    return _changes(zone, tuple(sorted(present | {year + 1 for year in present})))


@lru_cache(maxsize=1024)
def _changes(zone: str, years: tuple[int, ...]) -> Changes:
    found: list[tuple[int, int]] = []
    for year in years:
        if year - 1 not in years:
            found.append((_minute(year, 1), _offset(zone, _minute(year, 1))))
        found += _of_year(zone, year)
    starts, offsets = np.array(found, np.int64).T
    return Changes(starts, offsets)


@lru_cache(maxsize=4096)
def _of_year(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """Return the changes of a year: the days that begin and end otherwise, halved until the minute is found."""
    found = []
    for day in range(_minute(year, 1), _minute(year + 1, 1), DAY):
        before, after = _offset(zone, day), _offset(zone, day + DAY)
        if before != after:
            low, high = day, day + DAY
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            found.append((high, after))
    return tuple(found)


def _offset(zone: str, minute: int) -> int:
    ahead = (_EPOCH + timedelta(minutes=minute)).astimezone(_zone(zone)).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds()) // 60


@lru_cache(maxsize=1024)
def _zone(name: str) -> zoneinfo.ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return zoneinfo.ZoneInfo.from_file(data, key=name)


def _year(minute: int) -> int:
    return (_EPOCH + timedelta(minutes=minute)).year


def _minute(year: int, month: int) -> int:
    """Return the minute at which a month begins; the last year there is has no next."""
    return int((datetime(min(year, 9999), month, 1, tzinfo=UTC) - _EPOCH).total_seconds()) // 60
