"""What a user has long liked: decayed weights of the categories of all events that have left his history.

The history holds the 31 newest events exactly (history.py). An event that leaves it does so in the order of time,
whatever the order of arrival was, and is folded in here: everything fades by a fixed part, then the event's category
gains one unit. Whole numbers: the same events give the same bytes. The 32 categories of most weight are kept.

Bytes: totals of all events folded in, then an entry of 12 bytes for each category, by rising hash: at most 392.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HALF_LIVES = (100, 1_000)
"""In events."""
KEPT = 32
UNITS = np.array([1 << 24, 1 << 20], np.uint64)
"""Weight of an event that has just left the history, by half-life: what all events together can weigh fits 32 bits."""
FADING = np.array([round((1.0 - 0.5 ** (1.0 / each)) * 2.0**32) for each in HALF_LIVES], np.uint64)
"""Part of a weight that an event takes away, in 2^-32."""

ENTRY = np.dtype([("category", "<u4"), ("weights", "<u4", (len(HALF_LIVES),))])
_TOTALS = np.dtype(("<u4", (len(HALF_LIVES),)))
MAX_PROFILE_BYTES = 4 * len(HALF_LIVES) + KEPT * ENTRY.itemsize


class Profiles(NamedTuple):
    """U users: categories [U, KEPT] (0: none), weights [U, KEPT, half-lives], and totals [U, half-lives]."""

    category: NDArray[np.uint32]
    weights: NDArray[np.uint64]
    totals: NDArray[np.uint64]


def no_profiles(users: int) -> Profiles:
    """Return what is known of users whose history has never been full."""
    return Profiles(
        np.zeros((users, KEPT), np.uint32),
        np.zeros((users, KEPT, len(HALF_LIVES)), np.uint64),
        np.zeros((users, len(HALF_LIVES)), np.uint64),
    )


def fold(profiles: Profiles, rows: NDArray[np.int64], category: NDArray[np.uint32]) -> None:
    """Fold one event of each of some users into their profiles; `category` is its hash, 0 for none.

    A category that is not kept takes the place of the one with the least weight at the longest half-life, of equal
    ones that with the lower hash.
    """
    weights, totals, kept = profiles.weights[rows], profiles.totals[rows], profiles.category[rows]
    weights -= weights * FADING >> np.uint64(32)
    totals -= totals * FADING >> np.uint64(32)
    totals += UNITS
    least = (weights[:, :, -1] << np.uint64(32) | kept).argmin(axis=1)
    mine = kept == category[:, None]
    known = mine.any(axis=1)
    place = np.where(known, mine.argmax(axis=1), least)
    some, new = np.flatnonzero(category != 0), np.flatnonzero((category != 0) & ~known)
    weights[new, place[new]] = 0
    kept[new, place[new]] = category[new]
    weights[some, place[some]] += UNITS
    profiles.weights[rows], profiles.totals[rows], profiles.category[rows] = weights, totals, kept


def encode_profiles(profiles: Profiles) -> list[bytes]:
    """Return the bytes of each profile; none of one that nothing was folded into."""
    order = np.argsort(profiles.category, axis=1, kind="stable")
    entries = np.zeros(order.shape, ENTRY)
    entries["category"] = np.take_along_axis(profiles.category, order, axis=1)
    entries["weights"] = np.take_along_axis(profiles.weights, order[:, :, None], axis=1)
    totals = profiles.totals.astype("<u4")
    return [
        totals[at].tobytes() + entries[at][entries[at]["category"] != 0].tobytes() if totals[at].any() else b""
        for at in range(len(totals))
    ]


def decode_profiles(states: Sequence[bytes]) -> Profiles:
    """Return the profiles of bytes, see `encode_profiles`."""
    found = no_profiles(len(states))
    for at, state in enumerate(states):
        if state:
            found.totals[at] = np.frombuffer(state, _TOTALS, 1)[0]
            entries: NDArray[Any] = np.frombuffer(state, ENTRY, offset=_TOTALS.itemsize)
            found.category[at, : entries.size] = entries["category"]
            found.weights[at, : entries.size] = entries["weights"]
    return found
