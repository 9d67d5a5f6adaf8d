"""Marks: what must be remembered of a user's screens for longer than the screens: dismissals, and uses of caps.

Of a cap of m impressions in a window the m newest impressions say all: it is used up while the oldest of them is inside
the window. So m marks of an activity are kept, for its window; and SPARE more, a day longer, since a mark moves back
when an earlier event of its entry comes late.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from udfs.core.shown_state import DISMISSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udfs.core.shown_state import ListKey, Marks

MAX_MARKS = 128
"""Marks of one user; beyond them the oldest impressions go first, then the oldest dismissals."""
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


def trim(marks: Marks, caps: Mapping[int, tuple[int, int]]) -> int:
    """Drop, in place, what no cap needs any more; return how many that were needed had to go, for want of room."""
    for activity in list(marks):
        most, window_ms = caps.get(activity, (0, 0))
        found = marks[activity]
        shown = sorted((at, entry) for entry, at in found.items() if entry != _DISMISSAL)
        oldest = shown[-1][0] - window_ms // _MINUTE_MS - _DAY_MINUTES if shown else 0
        kept = {entry: at for at, entry in shown[-most - SPARE :] if at > oldest} if most else {}
        marks[activity] = kept | {entry: at for entry, at in found.items() if entry == _DISMISSAL}
        if not marks[activity]:
            del marks[activity]
    every = sorted((at & DISMISSED, at, activity, entry) for activity in marks for entry, at in marks[activity].items())
    crowded = every[: max(0, len(every) - MAX_MARKS)]
    for _, _, activity, entry in crowded:
        del marks[activity][entry]
        if not marks[activity]:
            del marks[activity]
    return len(crowded)
