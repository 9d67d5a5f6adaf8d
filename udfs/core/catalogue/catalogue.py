"""The activities as arrays, and who may see which: status, time window, rule, per-user cap, dismissal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.hours import Hours
from tideline.udfs.core.catalogue.predicates import Asked
from tideline.udfs.core.catalogue.rules import Rules, apply_rules, compile_rules
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.limits import MAX_SLOTS
from tideline.udfs.core.shown.marks import MAX_MARK_BYTES
from tideline.udfs.core.shown.shown_bytes import DISMISSAL, USE, has_marks, marks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.users.user_state import UserBatch

_MINUTE_MS = 60_000
_NO_CAP = np.iinfo(np.int64).max
_ROOM_FOR_A_LIST = MAX_MARK_BYTES - MAX_SLOTS * USE.itemsize
"""Bytes of needed marks up to which each activity of one more list can be marked."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """K activities in the order of their ids; arrays are [K]. An activity's number is its place here."""

    activities: tuple[Activity, ...]
    hashes: NDArray[np.uint32]
    starts_ms: NDArray[np.int64]
    ends_ms: NDArray[np.int64]
    active: NDArray[np.bool_]
    cap_shown: NDArray[np.int64]
    cap_window_ms: NDArray[np.int64]
    rising_hashes: NDArray[np.uint32]
    number_of_rising: NDArray[np.int64]
    """Number of the activity with each of the rising hashes."""
    rules: Rules
    hours: Hours
    activities_of_item: dict[str, tuple[str, ...]]
    reward_value: dict[str, float]

    @classmethod
    def of(cls, activities: Iterable[Activity]) -> Catalogue:
        """Build the arrays; ids are unique."""
        ordered = tuple(sorted(activities, key=lambda activity: activity.activity_id))
        hashes = np.array([activity_hash(activity.activity_id) for activity in ordered], np.uint32)
        return cls(
            activities=ordered,
            hashes=hashes,
            starts_ms=np.array([activity.starts_ms for activity in ordered], np.int64),
            ends_ms=np.array([activity.ends_ms for activity in ordered], np.int64),
            active=np.array([activity.status == "active" for activity in ordered], np.bool_),
            cap_shown=np.array([each.cap.max_shown if each.cap else _NO_CAP for each in ordered], np.int64),
            cap_window_ms=np.array([each.cap.window_ms if each.cap else 0 for each in ordered], np.int64),
            rising_hashes=np.sort(hashes),
            number_of_rising=np.argsort(hashes, kind="stable"),
            rules=compile_rules(ordered),
            hours=Hours.of([(each.time_zone, each.hours) for each in ordered]),
            activities_of_item=_by_item(ordered),
            reward_value={each.activity_id: each.reward_value for each in ordered},
        )


def _by_item(activities: tuple[Activity, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for activity in activities:
        for item in activity.items:
            found.setdefault(item, []).append(activity.activity_id)
    return {item: tuple(ids) for item, ids in found.items()}


def open_at(catalogue: Catalogue, at_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return [U, K]: the activity is active and its time window and its hours hold the moment."""
    return _in_window(catalogue, at_ms) & (catalogue.hours.closing(at_ms // _MINUTE_MS) > 0)


def _in_window(catalogue: Catalogue, at_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
    moment = at_ms[:, None]
    return catalogue.active & (catalogue.starts_ms <= moment) & (moment < catalogue.ends_ms)


def open_until(catalogue: Catalogue, at_ms: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return [U, K] the minute since the epoch until which what is open may be shown; None where only ends_ms says."""
    if not catalogue.hours.zones:
        return None
    return np.minimum(catalogue.hours.closing(at_ms // _MINUTE_MS), catalogue.ends_ms // _MINUTE_MS)


class Eligible(NamedTuple):
    """Who may be shown what."""

    mask: NDArray[np.bool_]
    """[U, K]"""
    caps_full: int
    """How many of the users have no room for marks of further capped activities: those wait, so that no cap breaks."""
    until: NDArray[np.int64] | None
    """[U, K], see open_until."""


def eligible(
    catalogue: Catalogue, batch: UserBatch, rows: NDArray[np.int64], users: NDArray[np.uint64] | None = None
) -> Eligible:
    """Return which activities each of the users may be shown, as of his newest event; `users` are hashes of their ids.

    Without hashes nobody is in any part of the users that a rule names.
    """
    at_ms = _moments(catalogue, batch, rows)
    until = open_until(catalogue, at_ms)
    mask = _in_window(catalogue, at_ms)
    if until is not None:
        mask &= until > 0
    apply_rules(catalogue.rules, Asked(batch, rows, at_ms, users), mask)
    caps_full = _apply_shown(catalogue, at_ms, [batch.shown[row] for row in rows.tolist()], mask)
    return Eligible(mask, caps_full, until)


def _moments(catalogue: Catalogue, batch: UserBatch, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the time of each user's newest event, but for a clock far ahead: one after the end of every activity.

    Then it is the newest of his kept events before that end, where there is one: no single clock empties a list.
    """
    at_ms: NDArray[np.int64] = batch.header["as_of_ms"][rows]
    over_ms = catalogue.ends_ms[catalogue.active].max(initial=0)
    late = np.flatnonzero(at_ms >= over_ms)
    if late.size:
        past = batch.history["ts_ms"][rows[late]]
        before = np.where(past < over_ms, past, 0).max(axis=1)
        at_ms[late] = np.where(before > 0, before, at_ms[late])
    return at_ms


def _apply_shown(
    catalogue: Catalogue, as_of_ms: NDArray[np.int64], shown: Sequence[bytes], mask: NDArray[np.bool_]
) -> int:
    """Take out dismissed activities and those whose cap is used up, by the marks of what each user was shown.

    Returns how many users have no room for further ones with a cap; those are taken out too.
    """
    if not catalogue.activities:
        return 0
    marked = [(row, marks_of(each)) for row, each in enumerate(shown) if has_marks(each)]
    if not marked:
        return 0
    rows = np.array([row for row, _ in marked])
    _, user, number = _marked(catalogue, [dismissals for _, (_, dismissals) in marked], DISMISSAL)
    mask[rows[user], number] = False
    seen, user, number = _marked(catalogue, [uses for _, (uses, _) in marked], USE)
    user = rows[user]
    since_ms = as_of_ms[user] - seen["at"].astype(np.int64) * _MINUTE_MS
    capped = since_ms < catalogue.cap_window_ms[number]  # a window of 0 is no cap
    place, at = np.unique(user[capped] * mask.shape[1] + number[capped], return_inverse=True)
    entry = seen["entry"][capped]
    times = np.bincount(at, np.where(entry & 1, 1, entry >> 1), place.size)
    used_up = place[times >= catalogue.cap_shown[place % mask.shape[1]]]
    mask.reshape(-1)[used_up] = False
    many = [(row, len(dis)) for row, (uses, dis) in marked if len(uses) + len(dis) > _ROOM_FOR_A_LIST]
    return sum(_withhold(catalogue, mask[row], number[capped & (user == row)], taken) for row, taken in many)


def _withhold(catalogue: Catalogue, mask: NDArray[np.bool_], marked: NDArray[np.int64], dismissals: int) -> bool:
    """Take out what has a cap and no mark inside its window, where a user has no room for more; return whether so.

    An impression of it would make the mark go that ends soonest. It may be shown again once that many others have
    ended as a list has activities, so not before its own end.
    """
    held = np.unique(marked)
    if held.size * USE.itemsize + dismissals <= _ROOM_FOR_A_LIST:
        return False
    further = catalogue.cap_window_ms > 0
    further[held] = False
    mask[further] = False
    return True


def _marked(
    catalogue: Catalogue, marks: Sequence[bytes], dtype: np.dtype[Any]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Return the marks of activities that are in the catalogue, whose each is, and the activity's number."""
    seen: NDArray[Any] = np.frombuffer(b"".join(marks), dtype)
    if not seen.size:
        return seen, np.zeros(0, np.int64), np.zeros(0, np.int64)
    user = np.repeat(np.arange(len(marks)), [len(each) // dtype.itemsize for each in marks])
    place = np.searchsorted(catalogue.rising_hashes, seen["activity"])
    number = catalogue.number_of_rising.take(place, mode="clip")
    known = catalogue.hashes[number] == seen["activity"]
    return seen[known], user[known], number[known]
