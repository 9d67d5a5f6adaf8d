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

from tideline.udfs.core.shown.shown_bytes import DISMISSAL, USE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.udfs.core.shown.mark_bytes import Marks
    from tideline.udfs.core.shown.shown_state import Dismissals, ListKey

MAX_MARK_BYTES = 1_536
"""Room for the marks of one user, 128 impressions or 255 dismissals; beyond it impressions are merged, then those go
whose windows end first, then the oldest dismissals."""
MAX_DISMISSALS = 255
"""As many as one byte counts."""
SPARE = 4
"""Marks of an activity that are kept beyond those its cap needs."""
_MINUTE_MS, _DAY_MS = 60_000, 86_400_000
_DAY_MINUTES = 1_440
_ENTRY = struct.Struct("<HqIB")


def minute_of(ts_ms: int) -> int:
    """Return the minute of a moment, rounded up.

    >>> minute_of(60_000), minute_of(60_001)
    (1, 2)
    """
    return min(-(-ts_ms // _MINUTE_MS), 0xFFFFFFFF)


def entry_of(key: ListKey, position: int) -> int:
    """Return what tells a place of a list from all others of its user, an odd number."""
    generation, as_of_ms, seq, placement = key
    return zlib.crc32(_ENTRY.pack(generation, placement << 48 | as_of_ms, seq, position)) | 1


def mark_dismissal(dismissed: Dismissals, activity: int, ts_ms: int) -> bool:
    """Note a dismissal, by its latest day; return whether it is the first of the activity."""
    former, day = dismissed.get(activity), min(ts_ms // _DAY_MS, 0xFFFF)
    dismissed[activity] = day if former is None else max(day, former)
    return former is None


def mark_impression(marks: Marks, activity: int, entry: int, ts_ms: int, is_first: bool) -> None:
    """Note an impression of an activity with a cap, by the earliest event of its entry."""
    found = marks.uses_of(activity)
    if is_first or entry in found:
        at = minute_of(ts_ms)
        found[entry] = min(at, found.get(entry, at))


def click_name(activity_id: str) -> str:
    """Return the text whose hash is the number of an activity's clicks; no activity has it, for ids have no space."""
    return f"{activity_id} click"


def mark_click(marks: Marks, clicks: int, entry: int, ts_ms: int) -> None:
    """Note a click by the latest of its entry: so the newest clicks are the same ones in any order of arrival."""
    found = marks.uses_of(clicks)
    found[entry] = max(minute_of(ts_ms), found.get(entry, 0))


class Trimmed(NamedTuple):
    """How many marks that were needed were merged, and how many had to go, for want of room."""

    merged: int
    forgotten: int


def impressions_of(entry: int) -> int:
    """Return how many impressions a mark stands for: an entry's is odd, one that was merged twice their number."""
    return 1 if entry & 1 else entry >> 1


def trim(marks: Marks, caps: Mapping[int, tuple[int, int]]) -> Trimmed:
    """Drop, in place, what no cap needs any more of what was read, and make room where there is none.

    What was not read was trimmed when it was written. If its cap has become smaller since, it waits until it is marked
    again or there is no room.
    """
    for activity in marks.activities().difference(caps):
        marks.uses_of(activity).clear()
    uses = marks.read()
    for activity, found in uses.items():
        if len(found) > 1:  # the newest is always needed; most activities have no other
            uses[activity] = _needed(found, *caps[activity])
    if _fit(marks):
        return Trimmed(0, 0)
    merged = _merge(marks, caps)
    return Trimmed(merged, 0 if _fit(marks) else _forget(marks, caps))


def _fit(marks: Marks) -> bool:
    return marks.size() <= MAX_MARK_BYTES and marks.count_dismissals() <= MAX_DISMISSALS


def _needed(found: dict[int, int], most: int, window_ms: int) -> dict[int, int]:
    """Return the newest impressions of an activity inside its window, as many as its cap needs and SPARE."""
    times = found.values()
    oldest = max(times) - window_ms // _MINUTE_MS - _DAY_MINUTES
    if len(found) <= most + SPARE and min(times) > oldest and all(entry & 1 for entry in found):
        return found  # nearly always: a third of the time of looking at each
    shown = sorted(((at, entry) for entry, at in found.items()), reverse=True)
    kept: dict[int, int] = {}
    count = 0
    for at, entry in shown:
        if count >= most + SPARE or at <= oldest:
            break
        kept[entry] = at
        count += impressions_of(entry)
    return kept


def _merge(marks: Marks, caps: Mapping[int, tuple[int, int]]) -> int:
    """Merge impressions until all marks have room or each activity has one; return how many times."""
    counts, merged = marks.counts(), 0
    while counts and marks.size() > MAX_MARK_BYTES:
        activity = max(counts, key=lambda each: (counts[each], -each))
        if counts[activity] < 2:
            break
        found = marks.read()[activity] = _needed(marks.uses_of(activity), *caps[activity])
        if len(found) == counts[activity]:
            _merge_oldest(found)
            merged += 1
        counts[activity] = len(found)
    return merged


def _merge_oldest(found: dict[int, int]) -> None:
    (_, one), (at, other) = sorted((at, entry) for entry, at in found.items())[:2]
    both = 2 * (impressions_of(one) + impressions_of(other))
    del found[one], found[other]
    while both in found:
        at = max(at, found.pop(both))
        both *= 2
    found[both] = at


def _forget(marks: Marks, caps: Mapping[int, tuple[int, int]]) -> int:
    """Drop the impressions whose windows end first, then the oldest dismissals, until the rest has room.

    Returns how many. The catalogue shows such a user no further activity with a cap: see its `_withhold`.
    """
    uses, dismissed = marks.uses(), marks.dismissed
    forgotten, excess = 0, marks.size() - MAX_MARK_BYTES
    ends = [
        (at + caps[activity][1] // _MINUTE_MS, activity, entry)
        for activity, found in uses.items()
        for entry, at in found.items()
    ]
    for _, activity, entry in sorted(ends):
        if excess <= 0:
            break
        del uses[activity][entry]
        if not uses[activity]:
            del uses[activity]
        forgotten, excess = forgotten + 1, excess - USE.itemsize
    for activity in sorted(dismissed, key=lambda each: (dismissed[each], each)):
        if excess <= 0 and len(dismissed) <= MAX_DISMISSALS:
            break
        del dismissed[activity]
        forgotten, excess = forgotten + 1, excess - DISMISSAL.itemsize
    return forgotten
