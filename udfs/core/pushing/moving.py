"""What a batch says of users for pushes: who is due in another bucket now, and what became of messages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.schemas.events import EventType
from tideline.udfs.core.profiles.kept_profile import read_kept
from tideline.udfs.core.push.push_user import heard
from tideline.udfs.core.pushing.due import MINUTE_MS, clocks_for, local_days, next_slots
from tideline.udfs.core.pushing.outcomes import rows_of_leaving
from tideline.udfs.core.pushing.points import push_settings, waiting_of
from tideline.udfs.core.users.as_told import as_told
from tideline.udfs.core.users.erased_mark import ERASED_MARK, MARK_BYTES
from tideline.udfs.core.users.user_state import HEADER, decode_states

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.schemas.events import Event
    from tideline.udfs.core.profiles.kept_profile import KeptProfile
    from tideline.udfs.core.push.push_user import PushUser
    from tideline.udfs.core.push.send_hours import Clocks
    from tideline.udfs.core.pushing.part.push_part import PushPart
    from tideline.udfs.core.serving.ranker_state import RankerState

_N_PROFILE = tuple(HEADER.names or ()).index("n_profile")
"""Its place in a state: all before it are single bytes."""


def moved_users(
    states: Mapping[str, bytes], known_of: Callable[[str], PushUser], ranker: RankerState, now_ms: int
) -> dict[str, int]:
    """Return the buckets of the users who are due in another one now, 0 for in none any more, as of event time.

    `known_of` says of a user what decides when he is due (`when_due`).

    Most users have agreed to no messages: of those nothing is asked but whether they have a profile.
    """
    names = [name for name, state in states.items() if _has_profile(state)]
    if not names:
        return {}
    profiles = decode_states([states[name] for name in names], 0).profiles
    told_of = zip(names, profiles, strict=True)
    names = [name for name, kept in told_of if read_kept(kept).push or known_of(name).due]
    if not names:
        return {}
    batch = decode_states([states[name] for name in names], ranker.encoder.hidden)
    told = as_told(batch, np.arange(len(names)))
    users = list(map(known_of, names))
    waiting = waiting_of(told, names, users)
    slots = next_slots(waiting, push_settings(ranker), ranker.settings.salt, now_ms, over=False)
    return {name: slot.bucket for name, user, slot in zip(names, users, slots, strict=True) if slot.bucket != user.due}


def heard_parts(
    events: Sequence[Event], states: Mapping[str, bytes], part_of: Callable[[str], PushPart], ranker: RankerState
) -> tuple[dict[str, PushPart], list[NDArray[Any]]]:
    """Return the parts of users after what became of their messages, and rows for the learner of who unsubscribed.

    `states` has those of all of them.
    """
    found: dict[str, PushPart] = {}
    rows: list[NDArray[Any]] = []
    settings = push_settings(ranker)
    for event in events:
        name = event.user_id
        part = found[name] if name in found else part_of(name)
        day_of = partial(_local_day, clocks_for(_profile_of(states.get(name, b"")), settings))
        if event.type == EventType.UNSUBSCRIBE:
            rows += rows_of_leaving(part, event.ts_ms, settings.horizon_ms)
        found[name] = part._replace(user=heard(part.user, event, day_of))
    return found, rows


def _local_day(clocks: Clocks, at_ms: int) -> int:
    return int(local_days(clocks, np.array([at_ms // MINUTE_MS]))[0])


def _profile_of(state: bytes) -> KeptProfile | None:
    kept = decode_states([state], 0).profiles[0] if _has_profile(state) else b""
    return read_kept(kept) if kept else None


def _has_profile(state: bytes) -> bool:
    start = MARK_BYTES if state[:1] == bytes([ERASED_MARK]) else 0
    return len(state) > start and state[start + _N_PROFILE] > 0
