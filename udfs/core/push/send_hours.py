"""When a user may be sent a push, and at which hour of a day he would rather read it.

He may be sent one where his clocks are inside the hours for sending. Whose zone is not known may be sent one only
where the clocks of all the audience are: it is quiet wherever anybody of it sleeps. Of the hours that a local day has
left, the one is taken in which most of what is kept of him happened, and one in 20 days any of them, so that it is
learned what other hours are worth. A day that the clocks make shorter or longer has the hours that it has.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.eligibility.hours import minutes_open, open_until
from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.local_time import DAY, HOUR, changes
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.eligibility.hours import Window

SLOT = 5
"""Minutes of a bucket: pushes are due in the whole of one."""
DAY_HOURS = 24
EXPLORED = 13
"""Of 256 days so many have an hour that is drawn from all."""
EXPIRES = 120
"""Minutes after its bucket, a push that was not sent by then is not sent any more."""
NO_SLOT = 0
"""Bucket of a day without a time at which sending is allowed."""
_PRIOR_WEIGHT = 4.0
_MINUTE_MS = 60_000
_FARTHEST = 15 * HOUR
_STREAM_HOUR = 8


class Clocks(NamedTuple):
    """Whose clocks count for a user: the first one says what day and hour it is, and all must allow sending."""

    hours: tuple[Window, ...]
    zones: tuple[str, ...]


class DaySlots(NamedTuple):
    """The buckets of a local day in which sending is allowed, rising, with the hour that the clocks show in each."""

    begins: int
    """Minute since the epoch at which the day begins."""
    buckets: NDArray[np.int64]
    hours: NDArray[np.int64]


class Slots(NamedTuple):
    """What was chosen for U users: bucket (NO_SLOT: none), local hour, the chance of that hour, whether drawn."""

    bucket: NDArray[np.int64]
    hour: NDArray[np.int64]
    chance: NDArray[np.float64]


def clocks_of(hours: tuple[Window, ...], zone: str | None, audience: tuple[str, ...]) -> Clocks:
    """Return whose clocks count: those of the user's zone, or where it is not known of all zones of the audience.

    >>> clocks_of((), None, ("Europe/Berlin", "America/New_York")).zones
    ('Europe/Berlin', 'America/New_York')
    """
    return Clocks(hours, (zone,) if zone is not None else audience)


def allowed_until(clocks: Clocks, minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return until when sending stays allowed from each minute since the epoch on; 0 where it is not allowed."""
    left = minutes_open(clocks.hours)
    every: NDArray[np.int64] = np.min([open_until(left, zone, minutes) for zone in clocks.zones], axis=0)
    return every


def expiry(clocks: Clocks, buckets: NDArray[np.int64], now_ms: int, ends_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the moment before which a push must be sent that is due in a bucket and told of now; 0: not any more.

    The least of the end of its activity, the beginning of quiet hours and EXPIRES minutes after it was due.
    """
    now = now_ms // _MINUTE_MS
    quiet = np.minimum(allowed_until(clocks, np.full(buckets.size, now)), now + DAY)
    found = np.minimum(np.minimum(quiet, buckets * SLOT + EXPIRES) * _MINUTE_MS, ends_ms)
    return np.where(found > now_ms, found, 0)


@lru_cache(maxsize=1024)
def day_slots(clocks: Clocks, day: int) -> DaySlots:
    """Return the buckets of a local day, counted from 1 January 1970, that lie whole in the hours for sending."""
    first = (day * DAY - _FARTHEST) // SLOT
    minutes = np.arange(first, first + (DAY + 2 * _FARTHEST) // SLOT + 1) * SLOT
    local = changes(clocks.zones[0], minutes).local(minutes)
    here = local // DAY == day
    allowed = allowed_until(clocks, minutes[here]) >= minutes[here] + SLOT
    begins = int(minutes[here][0]) if here.any() else day * DAY
    return DaySlots(begins, minutes[here][allowed] // SLOT, local[here][allowed] % DAY // HOUR)


def hour_counts(times_ms: NDArray[np.int64], zone: str, before: int) -> NDArray[np.int64]:
    """Return how many of each user's kept moments [U, n] (0: none) lie in each hour of his clocks [U, 24].

    Only those before a minute count: what comes later, soon or late, leaves a day's hour as it was. Counts of parts of
    a history add up.
    """
    users = len(times_ms)
    minutes = times_ms // _MINUTE_MS
    rows, places = np.nonzero((times_ms > 0) & (minutes < before))
    of = minutes[rows, places]
    hours = changes(zone, of).local(of) % DAY // HOUR if of.size else of
    return np.bincount(rows * DAY_HOURS + hours, minlength=users * DAY_HOURS).reshape(users, DAY_HOURS)


def choose(counts: NDArray[np.int64], prior: NDArray[np.float64], day: DaySlots, seeds: NDArray[np.uint64]) -> Slots:
    """Return each user's slot of a day by his counts [U, 24], which lean on those of all (`prior` [24], sum 1).

    Among hours alike, and among the buckets of an hour, the seeds draw, so that users who are alike are spread.
    """
    users = len(counts)
    if not day.buckets.size:
        return Slots(np.full(users, NO_SLOT), np.zeros(users, np.int64), np.zeros(users))
    hours = np.unique(day.hours)
    weight = (counts + _PRIOR_WEIGHT * prior)[:, hours]
    best = weight == weight.max(axis=1, keepdims=True)
    draws = uniform(seeds, 3, _STREAM_HOUR)
    drawn = np.floor(draws[:, 0] * PARTS) < EXPLORED
    among = np.where(drawn[:, None], True, best)
    nth = np.floor(draws[:, 1] * among.sum(axis=1)).astype(np.int64)
    at = (np.cumsum(among, axis=1) > nth[:, None]).argmax(axis=1)
    chance = best[np.arange(users), at] * (1.0 - EXPLORED / PARTS) / best.sum(axis=1) + EXPLORED / PARTS / hours.size
    size = np.bincount(day.hours, minlength=DAY_HOURS)[hours]
    order = np.argsort(day.hours, kind="stable")
    begins = np.cumsum(size) - size
    place = begins[at] + np.floor(draws[:, 2] * size[at]).astype(np.int64)
    return Slots(day.buckets[order[place]], hours[at], chance)
