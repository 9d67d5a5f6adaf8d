"""When users are due next: on which local day of theirs, and in which bucket of it.

The day is the one after the last that is over, tomorrow for who has none. The hour is chosen by what is kept of a user
from before that day, and moves with it until the day begins; from then on it stays, as events of the day itself push
those of before out of what is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.local_time import DAY, changes
from tideline.udfs.core.push.push_user import agrees
from tideline.udfs.core.push.send_hours import DAY_HOURS, SLOT, choose, day_slots, hour_counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.profiles.kept_profile import KeptProfile
    from tideline.udfs.core.push.learned.push_settings import PushSettings
    from tideline.udfs.core.push.push_user import PushUser
    from tideline.udfs.core.push.send_hours import Clocks

MINUTE_MS = 60_000
_ANY_HOUR = np.full(DAY_HOURS, 1.0 / DAY_HOURS)
_DAYS_AHEAD = 8
"""A week has a day with hours for sending, or none has."""


class Waiting(NamedTuple):
    """A user who may be sent messages, as far as it decides when."""

    user: PushUser
    profile: KeptProfile | None
    hashed: int
    """The hash64 of his id."""
    times_ms: NDArray[np.int64]
    """Moments of what is kept of him."""


class Slot(NamedTuple):
    """A bucket, 0 for none, and the probability with which its hour was chosen."""

    bucket: int
    hour_chance: float


NO_SLOT = Slot(0, 1.0)


def clocks_for(profile: KeptProfile | None, settings: PushSettings) -> Clocks:
    """Return the clocks that count for a user."""
    return settings.clocks(profile.zone if profile is not None else None)


def local_days(clocks: Clocks, minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the days since 1970 that the first of the clocks shows at minutes since the epoch."""
    found: NDArray[np.int64] = changes(clocks.zones[0], minutes).local(minutes) // DAY
    return found


def next_slots(waiting: Sequence[Waiting], settings: PushSettings, salt: int, now_ms: int, *, over: bool) -> list[Slot]:
    """Return when each user is due next, as of a moment of event time; who does not agree to messages never is.

    Where a decision point is just `over` that is on the next day that is not past. Else who is due on a day that has
    begun stays as he is, and who is not due yet is today, where his hour is still to come, or tomorrow.
    """
    found, now = [NO_SLOT] * len(waiting), now_ms // MINUTE_MS
    of_clocks: dict[Clocks, list[int]] = {}
    for at, each in enumerate(waiting):
        if agrees(each.user, each.profile):
            of_clocks.setdefault(clocks_for(each.profile, settings), []).append(at)
    for clocks, rows in of_clocks.items():
        *days, today = local_days(clocks, np.array([*(waiting[at].user.due * SLOT for at in rows), now])).tolist()
        planned: dict[int, int] = {}
        for at, day in zip(rows, days, strict=True):
            user = waiting[at].user
            if user.due and day <= today and not over:
                found[at] = Slot(user.due, 1.0)
            else:
                planned[at] = max(day if user.due and not over else today, user.day + 1)
        first = _planned(waiting, planned, clocks, salt)
        late = {} if over else {at: today + 1 for at, slot in first.items() if slot.bucket * SLOT <= now}
        for at, slot in {**first, **_planned(waiting, late, clocks, salt)}.items():
            found[at] = slot
    return found


def _planned(waiting: Sequence[Waiting], days: Mapping[int, int], clocks: Clocks, salt: int) -> dict[int, Slot]:
    """Return the slots of users by number, each of his day."""
    found: dict[int, Slot] = {}
    for day in sorted(set(days.values())):
        rows = [at for at, each in days.items() if each == day]
        found.update(zip(rows, slots_of([waiting[at] for at in rows], clocks, day, salt), strict=True))
    return found


def slots_of(waiting: Sequence[Waiting], clocks: Clocks, day: int, salt: int) -> list[Slot]:
    """Return the slots of users on a day of these clocks, or on the first one after it that has any."""
    open_ = next((ahead for ahead in range(day, day + _DAYS_AHEAD) if day_slots(clocks, ahead).buckets.size), None)
    if open_ is None:
        return [NO_SLOT] * len(waiting)
    slots = day_slots(clocks, open_)
    counts = hour_counts(np.array([each.times_ms for each in waiting]), clocks.zones[0], slots.begins)
    hashed = np.array([each.hashed for each in waiting], np.uint64)
    days = np.full(len(waiting), open_)
    chosen = choose(counts, _ANY_HOUR, slots, decision_seeds(hashed, days, np.zeros_like(days), salt))
    return list(map(Slot, chosen.bucket.tolist(), chosen.chance.tolist()))


def chances_of(waiting: Sequence[Waiting], days: Sequence[int], settings: PushSettings, salt: int) -> list[float]:
    """Return with which probability the hour of each user's bucket of a day was chosen, as far as it is known still."""
    found = [1.0] * len(waiting)
    alike: dict[tuple[Clocks, int], list[int]] = {}
    for at, (each, day) in enumerate(zip(waiting, days, strict=True)):
        alike.setdefault((clocks_for(each.profile, settings), day), []).append(at)
    for (clocks, day), rows in alike.items():
        for at, slot in zip(rows, slots_of([waiting[row] for row in rows], clocks, day, salt), strict=True):
            found[at] = slot.hour_chance
    return found
