"""Marks: what must be remembered of a user's screens for longer than the screens: dismissals, and uses of caps.

Of a cap of m impressions in a window the m newest impressions say all: it is used up while the oldest of them is inside
the window. So m marks of an activity are kept, for its window; and SPARE more, a day longer, since a mark moves back
when an earlier event of its entry comes late. Where a user has no room for them, the two oldest marks of the activity
that has the most become one, which stands for both at the time of the newer: its cap then lasts longer, never shorter.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from udfs.core.shown_state import DISMISSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udfs.core.shown_state import ListKey, Marks

MAX_MARKS = 128
"""Marks of one user; beyond them impressions are merged, then the oldest go, then the oldest dismissals."""
SPARE = 4
"""Marks of an activity that are kept beyond those its cap needs."""
_MINUTE_MS = 60_000
_DAY_MINUTES = 1_440
_DISMISSAL = 0
_ENTRY = struct.Struct("<HqIB")


def minute_of(ts_ms: int) -> int:
    """Return the minute of a moment, rounded up."""
    return min(-(-ts_ms // _MINUTE_MS), DISMISSED - 1)


def entry_of(key: ListKey, slot: int) -> int:
    """Return what tells a place of a list from all others of its user, never 0."""
    return zlib.crc32(_ENTRY.pack(*key, slot)) | 1


def mark_dismissal(marks: Marks, activity: int, ts_ms: int) -> bool:
    """Note a dismissal, by its earliest time; return whether it is the first of the activity."""
    found = marks.setdefault(activity, {})
    former, at = found.get(_DISMISSAL), minute_of(ts_ms) | DISMISSED
    found[_DISMISSAL] = at if former is None else min(at, former)
    return former is None


def mark_impression(marks: Marks, activity: int, entry: int, ts_ms: int, is_first: bool) -> None:
    """Note an impression of an activity with a cap, by the earliest event of its entry."""
    found = marks.setdefault(activity, {}) if is_first else marks.get(activity, {})
    if is_first or entry in found:
        at = minute_of(ts_ms)
        found[entry] = min(at, found.get(entry, at))


class Trimmed(NamedTuple):
    """How many marks that were needed were merged, and how many had to go, for want of room."""

    merged: int
    forgotten: int


def impressions_of(entry: int) -> int:
    """Return how many impressions a mark stands for: an entry's is odd, one that was merged twice their number."""
    return 1 if entry & 1 else entry >> 1


def trim(marks: Marks, caps: Mapping[int, tuple[int, int]]) -> Trimmed:
    """Drop, in place, what no cap needs any more, and make room where there is none."""
    for activity in list(marks):
        most, window_ms = caps.get(activity, (0, 0))
        found = marks[activity]
        kept = _needed(found, most, window_ms) if most else {}
        marks[activity] = kept | {entry: at for entry, at in found.items() if entry == _DISMISSAL}
        if not marks[activity]:
            del marks[activity]
    if _size(marks) <= MAX_MARKS:
        return Trimmed(0, 0)
    return Trimmed(_merge(marks), _forget(marks))


def _needed(found: dict[int, int], most: int, window_ms: int) -> dict[int, int]:
    """Return the newest impressions of an activity inside its window, as many as its cap needs and SPARE."""
    shown = sorted(((at, entry) for entry, at in found.items() if entry != _DISMISSAL), reverse=True)
    oldest = shown[0][0] - window_ms // _MINUTE_MS - _DAY_MINUTES if shown else 0
    kept: dict[int, int] = {}
    count = 0
    for at, entry in shown:
        if count >= most + SPARE or at <= oldest:
            break
        kept[entry] = at
        count += impressions_of(entry)
    return kept


def _size(marks: Marks) -> int:
    return sum(map(len, marks.values()))


def _merge(marks: Marks) -> int:
    """Merge impressions until all marks have room or each activity has one; return how many times."""
    merged = 0
    while _size(marks) > MAX_MARKS:
        many = {activity: len(found) - (_DISMISSAL in found) for activity, found in marks.items()}
        activity = max(many, key=lambda each: (many[each], -each))
        if many[activity] < 2:
            break
        found = marks[activity]
        (_, one), (at, other) = sorted((at, entry) for entry, at in found.items() if entry != _DISMISSAL)[:2]
        both = 2 * (impressions_of(one) + impressions_of(other))
        del found[one], found[other]
        while both in found:
            at = max(at, found.pop(both))
            both *= 2
        found[both] = at
        merged += 1
    return merged


def _forget(marks: Marks) -> int:
    every = sorted((at & DISMISSED, at, activity, entry) for activity in marks for entry, at in marks[activity].items())
    crowded = every[: max(0, len(every) - MAX_MARKS)]
    for _, _, activity, entry in crowded:
        del marks[activity][entry]
        if not marks[activity]:
            del marks[activity]
    return len(crowded)
