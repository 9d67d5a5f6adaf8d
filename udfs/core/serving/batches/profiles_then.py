"""Profiles of a past that is worked off: each event with that of its time, however records came together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.profiles.kept_profile import newest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.schemas.events import Event
    from tideline.udfs.core.profiles.held_profiles import HeldProfiles
    from tideline.udfs.core.users.user_state import UserBatch

    ByUser = Mapping[str, Sequence[tuple[int, Event]]]


def hold(batch: UserBatch, by_user: ByUser, held: HeldProfiles | None) -> NDArray[np.bool_]:
    """Give each user of a past the profile of his newest event; return whose is another now."""
    before = list(batch.profiles)
    if held is None:
        return np.zeros(len(before), np.bool_)
    for row, (user, events) in enumerate(by_user.items()):
        told = held.at(user, max(event.ts_ms for _, event in events))
        batch.profiles[row] = newest(batch.profiles[row], told)
    return np.array([old != new for old, new in zip(before, batch.profiles, strict=True)], np.bool_)


def turns_of_profiles(by_user: ByUser, held: HeldProfiles | None, records: int) -> list[list[int]]:
    """Return the numbers of the records of each part; one of all of them where no profile changed between two.

    What was kept of a user before may be newer than any: then there is a part more than there had to be.
    """
    later: list[list[int]] = []
    for user, events in by_user.items() if held is not None else ():
        if held is None or len(events) == 1 or not held.knows(user):
            continue
        profile, turn = held.at(user, events[0][1].ts_ms), 0
        for number, event in events[1:]:
            now = newest(profile, held.at(user, event.ts_ms))
            if now != profile:
                profile, turn = now, turn + 1
            if turn:
                later += [[]] * (turn > len(later))
                later[turn - 1] = [*later[turn - 1], number]
    apart = {number for turn in later for number in turn}
    return [[number for number in range(records) if number not in apart], *map(sorted, later)]
