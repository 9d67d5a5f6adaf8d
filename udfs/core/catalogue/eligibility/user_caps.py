"""How often one user may be shown an activity: caps over it, its group, its kind or all, by impressions or by clicks.

A cap of m in a window counts marks (udfs/core/shown/marks.py): of each activity that it counts, the newest m inside the
window are kept, so the newest m of all of them are among these. Clicks have marks of their own, under another number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.shown.marks import MAX_MARK_BYTES, click_name
from tideline.udfs.core.shown.shown_bytes import USE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.schemas.fields import Fields

OF = ("activity", "group", "kind", "all")
EVENTS = ("impression", "click")
MAX_CAPS = 4
MAX_CAP = 64
"""Largest number of a cap: so many impressions of one activity are remembered of a user."""
MIN_WINDOW_MS = 60_000
MAX_WINDOW_MS = 90 * 86_400_000
_DEFAULTS: dict[str, object] = {"event": "impression", "group": None}
_NAMES = ("of", "max", "window_ms", "event", "group")
_MINUTE_MS = 60_000
_DENSE = 1 << 18
"""So many counts of users are a column each; more are sorted, at three times the cost of a mark."""


@dataclass(frozen=True, slots=True)
class UserCap:
    """At most `max` (1..64) impressions or clicks of one user in any window, of what it counts."""

    of: str
    max: int
    window_ms: int
    event: str = "impression"
    group: str | None = None
    """The group that `of` group counts; None: the activity's own."""


def read_caps(fields: Fields, own_group: str | None) -> tuple[UserCap, ...]:
    """Return the caps of an activity's record."""
    found = []
    for at, cap in enumerate(fields.records("caps", MAX_CAPS, _DEFAULTS, _NAMES)):
        of, group = cap.choice("of", OF), None
        if cap.given("group") is not None:
            group = cap.identifier("group")
            if of != "group":
                cap.refuse("group", "null, or of is group")
        elif of == "group" and own_group is None:
            fields.refuse_inside(f"caps[{at}].of", of, "group where the activity has a group, or the cap names one")
        window_ms = cap.integer("window_ms", MIN_WINDOW_MS, MAX_WINDOW_MS)
        found.append(UserCap(of, cap.integer("max", 1, MAX_CAP), window_ms, cap.choice("event", EVENTS), group))
    return tuple(found)


class Capped(NamedTuple):
    """What caps ask of an activity, and its own."""

    activity_id: str
    kind: str
    group: str | None
    caps: tuple[UserCap, ...]

    def pool(self, cap: UserCap) -> tuple[str, str, str]:
        """Return what a cap of it counts."""
        value = {"activity": self.activity_id, "group": cap.group or self.group or "", "kind": self.kind}.get(
            cap.of, ""
        )
        return cap.event, cap.of, value

    def pools(self) -> list[tuple[str, str, str]]:
        """Return everything that it may be counted in."""
        of = [("activity", self.activity_id), ("kind", self.kind), ("all", "")]
        of += [("group", self.group)] if self.group is not None else []
        return [(event, *each) for event in EVENTS for each in of]


@dataclass(frozen=True, slots=True)
class Caps:
    """M kinds of marks that caps count, C counters (what is counted, in which window, up to what), K activities."""

    keys: NDArray[np.uint32]
    """Rising: the number under which each is marked, [M]."""
    activity: NDArray[np.int64]
    """Number of the activity whose impressions each are, -1 for clicks, [M]."""
    window_ms: NDArray[np.int64]
    """The longest one that counts each, [M]."""
    counters: _Links
    """By kind of mark."""
    counter_window_ms: NDArray[np.int64]
    counter_most: NDArray[np.int64]
    limits: _Links
    """By counter: numbers of the activities that are out while it is full."""
    marked: NDArray[np.bool_]
    """[K]: whether impressions are marked."""
    room: int
    """Bytes of needed marks up to which everything on one more page can be marked."""
    needs: dict[str, tuple[int, int]]
    """(most, window_ms) of the marks that are kept, by the name that is hashed."""

    @classmethod
    def of(cls, activities: Sequence[Capped], positions: int = MAX_POSITIONS) -> Caps:
        """Compile them, for pages of so many positions: those of all lists of a user together."""
        limits: dict[tuple[tuple[str, str, str], int, int], list[int]] = {}
        for number, each in enumerate(activities):
            for cap in each.caps:
                limits.setdefault((each.pool(cap), cap.window_ms, cap.max), []).append(number)
        counters_of: dict[tuple[str, str, str], list[int]] = {}
        for counter, (pool, _, _) in enumerate(limits):
            counters_of.setdefault(pool, []).append(counter)
        windows, most = [window_ms for _, window_ms, _ in limits], [most for _, _, most in limits]
        marks: dict[str, tuple[int, list[int]]] = {}
        for number, each in enumerate(activities):
            for event, *rest in each.pools():
                own = counters_of.get((event, rest[0], rest[1]))
                if own:
                    name = each.activity_id if event == "impression" else click_name(each.activity_id)
                    marks.setdefault(name, (number if event == "impression" else -1, []))[1].extend(own)
        ordered = sorted(marks.items(), key=lambda mark: activity_hash(mark[0]))
        has_clicks = any(number < 0 for number, _ in marks.values())
        marked = np.zeros(len(activities), np.bool_)
        marked[[number for number, _ in marks.values() if number >= 0]] = True
        return cls(
            keys=np.array([activity_hash(name) for name, _ in ordered], np.uint32),
            activity=np.array([number for _, (number, _) in ordered], np.int64),
            window_ms=np.array([max(windows[each] for each in own) for _, (_, own) in ordered], np.int64),
            counters=_Links.of([own for _, (_, own) in ordered]),
            counter_window_ms=np.array(windows, np.int64),
            counter_most=np.array(most, np.int64),
            limits=_Links.of(list(limits.values())),
            marked=marked,
            room=MAX_MARK_BYTES - positions * USE.itemsize * (2 if has_clicks else 1),
            needs={
                name: (max(most[each] for each in own), max(windows[each] for each in own))
                for name, (_, own) in marks.items()
            },
        )


class _Links(NamedTuple):
    """Lists of numbers, one behind the other."""

    starts: NDArray[np.int64]
    to: NDArray[np.int64]

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> _Links:
        starts = np.cumsum([0, *map(len, lists)], dtype=np.int64)
        return cls(starts, np.array([each for one in lists for each in one], np.int64))

    def each(self, of: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (place in `of`, place in `to`) of every number of these lists."""
        counts = self.starts[of + 1] - self.starts[of]
        owner = np.repeat(np.arange(of.size), counts)
        before = np.repeat(np.cumsum(counts) - counts, counts)
        return owner, np.arange(owner.size) - before + self.starts[of][owner]


def apply_caps(
    caps: Caps, as_of_ms: NDArray[np.int64], marks: Sequence[tuple[bytes, int]], mask: NDArray[np.bool_]
) -> int:
    """Take out of mask [U, K], in place, what caps do not allow; marks are each user's uses, and bytes of dismissals.

    Returns how many users have no room for marks of further activities; those are taken out too.
    """
    uses = np.frombuffer(b"".join([each for each, _ in marks]), USE)
    if not (uses.size and caps.keys.size):
        return 0
    user = np.repeat(np.arange(len(marks)), [len(each) // USE.itemsize for each, _ in marks])
    place = np.searchsorted(caps.keys, uses["activity"])
    known = caps.keys.take(place, mode="clip") == uses["activity"]
    uses, user, place = uses[known], user[known], place[known]
    since_ms = as_of_ms[user] - uses["at"].astype(np.int64) * _MINUTE_MS
    times = np.where(uses["entry"] & 1, 1, uses["entry"] >> 1).astype(np.int64)
    _take_used_up(caps, mask, user, place, since_ms, times)
    needed = since_ms < caps.window_ms[place]
    many = [row for row, (own, dismissals) in enumerate(marks) if len(own) + dismissals > caps.room]
    return sum(_withhold(caps, mask[row], place[needed & (user == row)], marks[row][1]) for row in many)


def _take_used_up(
    caps: Caps,
    mask: NDArray[np.bool_],
    user: NDArray[np.int64],
    place: NDArray[np.int64],
    since_ms: NDArray[np.int64],
    times: NDArray[np.int64],
) -> None:
    """Count every mark in all counters whose window holds it, and compare with their limits."""
    mark, link = caps.counters.each(place)
    counter = caps.counters.to[link]
    inside = since_ms[mark] < caps.counter_window_ms[counter]
    mark, counter = mark[inside], counter[inside]
    counters = caps.counter_window_ms.size
    place = user[mark] * counters + counter
    if mask.shape[0] * counters <= _DENSE:
        every = np.bincount(place, times[mark])
        counted = np.flatnonzero(every)
        counts = every[counted]
    else:
        counted, at = np.unique(place, return_inverse=True)
        counts = np.bincount(at, times[mark], counted.size)
    full = counted[counts >= caps.counter_most[counted % counters]]
    if not full.size:
        return
    which, link = caps.limits.each(full % counters)
    mask[full[which] // counters, caps.limits.to[link]] = False


def _withhold(caps: Caps, mask: NDArray[np.bool_], needed: NDArray[np.int64], dismissals: int) -> bool:
    """Take out what is marked and has no mark inside its window, where a user has no room; return whether so.

    An impression of it would make the mark go that ends soonest. It may be shown again once that many others have
    ended as a list has activities, so not before its own end.
    """
    held = np.unique(needed)
    if held.size * USE.itemsize + dismissals <= caps.room:
        return False
    further = caps.marked.copy()
    shown = caps.activity[held]
    further[shown[shown >= 0]] = False
    mask[further] = False
    return True
