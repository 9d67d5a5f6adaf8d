"""How much of what a user did was in an activity's categories: by half-life, as a number 0..127 for each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.users.features import known_index
from tideline.udfs.core.users.user_profile import FADING, HALF_LIVES, UNITS
from tideline.udfs.core.users.user_state import HISTORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.users.user_profile import Profiles

AFFINITIES = 1 + len(HALF_LIVES)
"""At half-lives of 10, 100 and 1,000 events."""
SHORT_HALF_LIFE = 10
MOST = 127
_FINE = 1_000.0
_SCALE = MOST / float(np.log1p(_FINE))
_AGES = np.arange(HISTORY - 1, -1, -1)
_SHORT_UNIT = float(1 << 24)
_HISTORY_WEIGHTS = np.stack(
    [
        np.rint(unit * 0.5 ** (_AGES / half_life))
        for unit, half_life in zip((_SHORT_UNIT, *UNITS.tolist()), (SHORT_HALF_LIFE, *HALF_LIVES), strict=True)
    ],
    axis=1,
)
"""[HISTORY, AFFINITIES]: weight of each place of a history that is aligned at its newest event."""
_BEYOND = np.array([(1.0 - float(each) / 2.0**32) ** HISTORY for each in FADING])
"""What the events of a full history leave of a profile's weights."""


class Content(NamedTuple):
    """What K activities are about: the rising hashes of all their categories, and which belong to which [C + 1, K]."""

    categories: NDArray[np.uint32]
    belongs: NDArray[np.float64]
    """The first row is of what no activity is about."""
    breadth: NDArray[np.int64]
    """[K] number of categories."""


def content_of(activities: Sequence[Activity]) -> Content:
    """Return what activities are about."""
    mine = [np.unique(np.array([hash32(name) for name in each.categories], np.uint32)) for each in activities]
    rising = np.unique(np.concatenate([np.zeros(0, np.uint32), *mine]))
    belongs = np.zeros((rising.size + 1, len(activities)))
    for at, each in enumerate(mine):
        belongs[known_index(each, rising), at] = 1.0
    return Content(rising, belongs, np.array([each.size for each in mine], np.int64))


def affinities(
    content: Content, history: NDArray[np.uint32], held: NDArray[np.int64], profiles: Profiles
) -> NDArray[np.int8]:
    """Return [U, K, AFFINITIES]: log(1 + 1000 s) of the decayed share s of events, in steps of a 127th of its most.

    `history` [U, HISTORY] are the hashes of the categories of the kept events, aligned at the newest, of which `held`
    count. Sums are of whole numbers below 2^53: the same in any batch.
    """
    users, size = held.size, content.categories.size + 1
    there = held[:, None] > _AGES
    weights = there[:, :, None] * _HISTORY_WEIGHTS
    place = np.arange(users)[:, None] * size
    own = (place + known_index(history, content.categories)).ravel()
    long = np.rint(profiles.weights * _BEYOND)
    other = (place + known_index(profiles.category, content.categories)).ravel()
    totals = weights.sum(axis=1)
    totals[:, 1:] += np.rint(profiles.totals * _BEYOND)
    found = np.zeros((users, content.belongs.shape[1], AFFINITIES), np.int8)
    for at in range(AFFINITIES):
        sums = np.bincount(own, weights[:, :, at].ravel(), users * size)
        if at:
            sums += np.bincount(other, long[:, :, at - 1].ravel(), users * size)
        sums = sums.reshape(users, size)
        sums[:, 0] = 0.0
        shares = np.minimum(sums @ content.belongs / np.maximum(totals[:, at, None], 1.0), 1.0)
        found[:, :, at] = np.rint(_SCALE * np.log1p(_FINE * shares))
    return found
