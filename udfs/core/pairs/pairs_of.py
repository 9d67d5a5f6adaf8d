"""The pairs of a batch: each user with each activity of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.pairs.affinity import affinities
from tideline.udfs.core.pairs.pair_numbers import breadth_step, pack, see_again
from tideline.udfs.core.users.long_liked import long_liked_of
from tideline.udfs.core.users.times_seen import entries_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.pairs.affinity import Content
    from tideline.udfs.core.users.user_state import UserBatch


def pairs_of(content: Content, batch: UserBatch, rows: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return [len(rows), K]: what each user and each activity have to do with each other, packed (pair_numbers.py)."""
    held = batch.header["n_history"][rows].astype(np.int64)
    long_liked = long_liked_of(batch.liked, batch.header["accepted"][rows] - held, rows)
    affinity = affinities(content, batch.history["category"][rows], held, long_liked)
    pairs = pack(affinity, breadth_step(content.breadth))
    flat = pairs.reshape(-1)
    for entries in entries_of([batch.seen[row] for row in rows.tolist()]):
        if entries.tag.size:
            of, activity = content.of_tag.expand(entries.tag)
            see_again(flat, entries.user[of] * pairs.shape[1] + activity, entries.times[of])
    return pairs


def strangers_pairs(content: Content) -> NDArray[np.uint32]:
    """Return [K]: the pair of each activity with a user of whom nothing is known."""
    return pack(np.zeros(content.breadth.size, np.uint32), breadth_step(content.breadth))
