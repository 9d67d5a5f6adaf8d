"""Users with full histories, and activities in categories, for the ranking benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.hashing import activity_hash, hash32
from tideline.udfs.core.users.long_liked import fold
from tideline.udfs.core.users.times_seen import see
from tideline.udfs.core.users.user_state import HISTORY, decode_states

if TYPE_CHECKING:
    from tideline.udfs.core.users.user_state import UserBatch

_CATEGORIES, _OF_EACH = 300, 3
_FOLDED, _SEEN = 300, 40
"""Events of a user before his history, and how many activities he has seen."""
_SEEN_MS = 1


def activities_of(count: int) -> list[Activity]:
    """Return so many activities, each of three of 300 categories."""
    rng = np.random.default_rng([count, 1])
    return [
        Activity(f"a{at:05}", "coupon", "", 1, 2, categories=tuple(f"c{each}" for each in row))
        for at, row in enumerate(rng.integers(0, _CATEGORIES, (count, _OF_EACH)).tolist())
    ]


def users_of(count: int, activities: list[Activity]) -> UserBatch:
    """Return so many users with 331 events and 40 activities seen, or all where there are fewer.

    A few categories have most of the events, as in a shop.
    """
    rng = np.random.default_rng([count, len(activities), 2])
    batch = decode_states([None] * count, 1)
    names = np.array([hash32(f"c{each}") for each in range(_CATEGORIES)], np.uint32)
    share = 1.0 / np.arange(1, _CATEGORIES + 1)
    drawn = names[rng.choice(_CATEGORIES, (count, _FOLDED + HISTORY), p=share / share.sum())]
    rows = np.arange(count)
    for at in range(_FOLDED):
        fold(batch.liked, np.full(count, at), rows, drawn[:, at])
    batch.history["category"] = drawn[:, _FOLDED:]
    batch.header["accepted"], batch.header["n_history"] = _FOLDED + HISTORY, HISTORY
    numbers = [activity_hash(each.activity_id) for each in activities]
    for row in range(count):
        some = rng.permutation(len(numbers))[:_SEEN].tolist()
        batch.seen[row] = see(b"", [(numbers[at], _SEEN_MS) for at in some])
    return batch
