"""How much of what a user did was in an activity's categories: by half-life, as a number 0..63 for each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.hashing import activity_hash, hash32
from tideline.udfs.core.users.features import known_index
from tideline.udfs.core.users.times_seen import seen_places
from tideline.udfs.core.users.user_profile import HALF_LIVES, UNITS, faded
from tideline.udfs.core.users.user_state import HISTORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.users.times_seen import SeenPlaces
    from tideline.udfs.core.users.user_profile import Profiles

AFFINITIES = 1 + len(HALF_LIVES)
"""At half-lives of 10, 100 and 1,000 events."""
SHORT_HALF_LIFE = 10
MOST = 63
FINE = np.float32(1_000.0)
_ONE = int(np.float32(1.0).view(np.int32))
_SPAN = int((np.float32(1.0) + FINE).view(np.int32)) - _ONE
_AGES = np.arange(HISTORY - 1, -1, -1)
_SHORT_UNIT = float(1 << 24)
_HISTORY_WEIGHTS = np.stack(
    [
        np.rint(unit * 0.5 ** (_AGES / half_life))
        for unit, half_life in zip((_SHORT_UNIT, *UNITS), (SHORT_HALF_LIFE, *HALF_LIVES), strict=True)
    ],
    axis=1,
)
"""[HISTORY, AFFINITIES]: weight of each place of a history that is aligned at its newest event."""


class Content(NamedTuple):
    """What K activities are about. Those with the same categories are one of S subjects."""

    categories: NDArray[np.uint32]
    """The rising hashes of all their categories."""
    members: NDArray[np.int64]
    """Categories of one subject behind those of another, by place in `categories` from 1 on."""
    starts: NDArray[np.int64]
    """[S]: where each subject's begin."""
    subject: NDArray[np.int64]
    """[K]: the subject of each activity, -1 for one without categories."""
    breadth: NDArray[np.int64]
    """[K]: number of categories."""
    seen: SeenPlaces


def content_of(activities: Sequence[Activity]) -> Content:
    """Return what activities are about."""
    mine = [tuple(sorted({hash32(name) for name in each.categories} - {0})) for each in activities]
    rising = np.unique(np.array([each for part in mine for each in part], np.uint32))
    subjects = sorted(set(mine) - {()})
    place = {each: at for at, each in enumerate(subjects)}
    sizes = np.array([len(each) for each in subjects], np.int64)
    return Content(
        rising,
        known_index(np.array([each for part in subjects for each in part], np.uint32), rising).astype(np.int64),
        np.cumsum(sizes) - sizes,
        np.array([place.get(each, -1) for each in mine], np.int64),
        np.array([len(each) for each in mine], np.int64),
        seen_places(np.array([activity_hash(each.activity_id) for each in activities], np.uint32)),
    )


def affinities(
    content: Content, history: NDArray[np.uint32], held: NDArray[np.int64], profiles: Profiles
) -> NDArray[np.uint8]:
    """Return [U, K, AFFINITIES]: how large a decayed share s of events is, in steps of about log(1 + 1000 s).

    `history` [U, HISTORY] are the hashes of the categories of the kept events, aligned at the newest, of which `held`
    count. Sums are of whole numbers below 2^53: the same in any batch.
    """
    users, subjects = held.size, content.starts.size
    found = np.zeros((users, subjects + 1, AFFINITIES), np.uint8)
    if subjects and users:
        _fill(found, content, history, held, profiles)
    return found[:, content.subject]


def _fill(
    found: NDArray[np.uint8],
    content: Content,
    history: NDArray[np.uint32],
    held: NDArray[np.int64],
    profiles: Profiles,
) -> None:
    users, size = held.size, content.categories.size + 1
    weights = (held[:, None] > _AGES)[:, :, None] * _HISTORY_WEIGHTS
    place = np.arange(users)[:, None] * size
    own = (place + known_index(history, content.categories)).ravel()
    long = faded(profiles, HISTORY)
    other = (place + known_index(profiles.category, content.categories)).ravel()
    totals = weights.sum(axis=1)
    totals[:, 1:] += long.totals
    for at in range(AFFINITIES):
        sums = np.bincount(own, weights[:, :, at].ravel(), users * size)
        if at:
            sums += np.bincount(other, long.weights[:, :, at - 1].ravel(), users * size)
        mine = np.add.reduceat(sums.reshape(users, size)[:, content.members], content.starts, axis=1)
        found[:, :-1, at] = steps(mine / np.maximum(totals[:, at, None], 1.0))


def steps(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return shares as numbers 0..MOST.

    The logarithm is that of the floating point form: exponent and fraction in a row, straight between powers of two.
    So it is the same on every processor, at a fifth of the cost.
    """
    form = (np.minimum(shares, 1.0) * FINE + 1.0).astype(np.float32).view(np.int32)
    return ((form - _ONE) * (MOST / _SPAN) + 0.5).astype(np.uint8)


def share_of(step: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share that a number 0..MOST stands for.

    >>> share_of(np.array([0, MOST])).round(3).tolist()
    [0.0, 1.0]
    """
    form = np.rint(step * (_SPAN / MOST) + _ONE).astype(np.int32).view(np.float32)
    found: NDArray[np.float64] = (form.astype(np.float64) - 1.0) / float(FINE)
    return found
