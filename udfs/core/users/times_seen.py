"""How often a user has seen each activity, in this period of 30 days and the one before.

A period is that of the list's time, which its token says: so it is the same in whatever order impressions come. Bytes,
u16 each: the newest period, how many entries are of it, these, and those of the period before; nothing for nothing. An
entry is 13 bits of the activity's number and how often it was seen, up to seven times, in rising order. Of each period
the 96 activities of the lowest numbers are kept, of more the others count as not seen: which is left out once would
never be let in again, so this too is the same in any order. To a user who has seen 40 activities, one of 200 others
looks like one of them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

PERIOD_MS = 30 * 86_400_000
PERIODS = 2
KEPT_A_PERIOD = 96
MAX_TIMES = 7
_TIMES_BITS, _TAG_BITS = 3, 13
_TAG_SHIFT = 32 - _TAG_BITS
TAGS = 1 << _TAG_BITS
_HEAD = 2
MAX_SEEN_NUMBERS = _HEAD + PERIODS * KEPT_A_PERIOD
_LAST_PERIOD = 0xFFFF


def see(seen: bytes, impressions: Iterable[tuple[int, int]]) -> bytes:
    """Return what was seen after first impressions of entries: the activity_hash, and the time of the list.

    An impression of a period before the two that are kept is forgotten.
    """
    newest, now, before = _read(seen)
    for activity, as_of_ms in impressions:
        period = min(as_of_ms // PERIOD_MS, _LAST_PERIOD)
        if period > newest:
            before = now if period == newest + 1 else array("H")
            newest, now = period, array("H")
        if newest - period < PERIODS:
            _count(now if period == newest else before, activity >> _TAG_SHIFT)
    return array("H", [newest, len(now)]).tobytes() + now.tobytes() + before.tobytes() if now or before else b""


def _read(seen: bytes) -> tuple[int, array[int], array[int]]:
    """Return the newest period, its entries, and those of the period before."""
    if not seen:
        return -PERIODS, array("H"), array("H")
    every = array("H", seen)
    newest, size = every[:_HEAD]
    return newest, every[_HEAD : _HEAD + size], every[_HEAD + size :]


def _count(entries: array[int], tag: int) -> None:
    place = bisect_left(entries, tag << _TIMES_BITS)
    if place < len(entries) and entries[place] >> _TIMES_BITS == tag:
        if entries[place] & MAX_TIMES < MAX_TIMES:
            entries[place] += 1
    elif place < KEPT_A_PERIOD:
        entries.insert(place, tag << _TIMES_BITS | 1)
        del entries[KEPT_A_PERIOD:]


def seen_fits(seen: bytes) -> bool:
    """Return whether bytes of a state are as many as they say."""
    if not seen:
        return True
    size = len(seen) // 2 - _HEAD
    return size >= 0 and size - KEPT_A_PERIOD <= array("H", seen[:4])[1] <= min(size, KEPT_A_PERIOD)


def tag_of(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return what entries have of activities' numbers, by their activity_hash: below TAGS."""
    return hashes >> np.uint32(_TAG_SHIFT)


class Entries(NamedTuple):
    """N entries of users, in either period: whose, of which activities' number it has the bits, and how often."""

    user: NDArray[np.int64]
    tag: NDArray[np.integer[Any]]
    times: NDArray[np.integer[Any]]


def entries_of(seen: Sequence[bytes]) -> tuple[Entries, Entries]:
    """Return the entries of U users' newest periods, and those of the periods before: no two alike in either."""
    users = [user for user, each in enumerate(seen) if each]
    some = [seen[user] for user in users]
    sizes = np.array([len(each) // 2 for each in some], np.int64)
    every = np.frombuffer(b"".join(some), np.uint16)
    ends = np.cumsum(sizes)
    starts = ends - sizes
    before = np.repeat(starts + _HEAD + every[starts + 1], sizes)  # where the entries of the period before begin
    owner = np.repeat(np.array(users, np.int64), sizes)
    at = np.arange(every.size)
    entry = at - np.repeat(starts, sizes) >= _HEAD
    now, then = entry & (at < before), at >= before
    tag, times = every >> _TIMES_BITS, every & MAX_TIMES
    return Entries(owner[now], tag[now], times[now]), Entries(owner[then], tag[then], times[then])
