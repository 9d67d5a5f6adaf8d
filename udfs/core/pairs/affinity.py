"""How much of what a user did was in an activity's categories: by half-life, as a number 0..63 for each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.hashing import activity_hash, hash32
from tideline.udfs.core.known_hashes import KnownHashes
from tideline.udfs.core.pairs.members import Members, members_of
from tideline.udfs.core.users.long_liked import HALF_LIVES, KEPT, UNITS, LongLiked, fading_of
from tideline.udfs.core.users.times_seen import TAGS, tag_of
from tideline.udfs.core.users.user_state import HISTORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity

AFFINITIES = 1 + len(HALF_LIVES)
"""At half-lives of 10, 100 and 1,000 events."""
SHORT_HALF_LIFE = 10
AFFINITY_BITS = 6
MOST = (1 << AFFINITY_BITS) - 1
FINE = np.float32(1_000.0)
_ONE = int(np.float32(1.0).view(np.int32))
_SPAN = int((np.float32(1.0) + FINE).view(np.int32)) - _ONE
_AGES = np.arange(HISTORY - 1, -1, -1)
_SHORT_UNIT = float(1 << 24)
_HISTORY_WEIGHTS = np.array(
    [
        np.rint(unit * 0.5 ** (_AGES / half_life))
        for unit, half_life in zip((_SHORT_UNIT, *UNITS), (SHORT_HALF_LIFE, *HALF_LIVES), strict=True)
    ],
)
"""[AFFINITIES, HISTORY]: weight of each place of a history that is aligned at its newest event."""
_HISTORY_TOTALS = np.concatenate([np.zeros((AFFINITIES, 1)), np.cumsum(_HISTORY_WEIGHTS[:, ::-1], axis=1)], axis=1)
"""[AFFINITIES, HISTORY + 1]: by how many events a history holds."""
_AT_ONCE, _LEAST_AT_ONCE = 1 << 16, 32
"""Numbers of one half-life that are worked on at once: they stay near the processor. And users, however many."""
FEW = 0.5
"""Subjects that a user's categories are of, as a share of all, up to which each of these is looked at by itself."""


class Content(NamedTuple):
    """What K activities are about. Those with the same categories are one of S subjects."""

    categories: KnownHashes
    """All their categories."""
    of_subject: tuple[NDArray[np.int64], ...]
    """The first category of each subject, then the second of those that have two, ..., by place in `categories` from 0
    on. Those with more categories come first."""
    subjects: Members
    """Of each category, by place in `categories` from 0 on."""
    subject: NDArray[np.int64]
    """[K]: the subject of each activity, -1 for one without categories."""
    breadth: NDArray[np.int64]
    """[K]: number of categories."""
    of_tag: Members
    """The activities that an entry of what a user has seen is about, by the bits it has of their numbers."""


def content_of(activities: Sequence[Activity]) -> Content:
    """Return what activities are about."""
    mine = [tuple(sorted({hash32(name) for name in each.categories} - {0})) for each in activities]
    rising = np.unique(np.array([each for part in mine for each in part], np.uint32))
    subjects = sorted(set(mine) - {()}, key=lambda each: (-len(each), each))
    place = {each: at for at, each in enumerate(subjects)}
    columns = [[each[number] for each in subjects if len(each) > number] for number in range(len((*subjects, ())[0]))]
    numbers = np.array([activity_hash(each.activity_id) for each in activities], np.uint32)
    about = [(hash_, at) for at, each in enumerate(subjects) for hash_ in each]
    return Content(
        KnownHashes.of(rising),
        tuple(np.searchsorted(rising, np.array(column, np.uint32)) for column in columns),
        members_of(
            np.searchsorted(rising, np.array([hash_ for hash_, _ in about], np.uint32)),
            np.array([at for _, at in about], np.int64),
            rising.size,
        ),
        np.array([place.get(each, -1) for each in mine], np.int64),
        np.array([len(each) for each in mine], np.int64),
        members_of(tag_of(numbers), np.arange(numbers.size), TAGS),
    )


def affinities(
    content: Content, history: NDArray[np.uint32], held: NDArray[np.int64], long_liked: LongLiked
) -> NDArray[np.uint32]:
    """Return [U, K]: how large a decayed share s of events is, in steps of about log(1 + 1000 s), see `in_a_row`.

    `history` [U, HISTORY] are the hashes of the categories of the kept events, aligned at the newest, of which `held`
    count. Sums are of whole numbers below 2^53: the same in any batch.
    """
    users, subjects = held.size, content.of_subject[0].size if content.of_subject else 0
    found = np.zeros((users, subjects + 1), np.uint32)  # the last for what is about nothing
    if subjects:
        liked = _liked(content, history, held, long_liked)
        of, subject = content.subjects.expand(liked.category)
        if subject.size > FEW * found.size:
            _put_all(found, content, liked)
        else:
            _put_some(found, liked, of, subject)
    return found.take(content.subject, axis=1)


class _Liked(NamedTuple):
    """N times that a category of some activity is among a user's events or in what he has long liked."""

    user: NDArray[np.int64]
    category: NDArray[np.int64]
    """By place in Content.categories from 0 on."""
    weights: NDArray[np.float64]
    """[AFFINITIES, N]."""
    totals: NDArray[np.float64]
    """[AFFINITIES, U], at least 1."""


def _liked(content: Content, history: NDArray[np.uint32], held: NDArray[np.int64], long_liked: LongLiked) -> _Liked:
    totals = _HISTORY_TOTALS[:, held]
    place, category = _known(history, content)
    user, place = np.divmod(place, HISTORY)
    weights = _HISTORY_WEIGHTS[:, place]
    if long_liked.user.size:
        fading = fading_of(long_liked.folded, HISTORY)
        totals[1:, long_liked.user] += fading.totals.T
        place, long = _known(long_liked.liked[:, :, 0], content)
        its_user, place = np.divmod(place, KEPT)
        kept = np.zeros((AFFINITIES, place.size))
        kept[1:] = fading.of(its_user, long_liked.liked[its_user, place, 1:]).T
        user, category = np.concatenate([user, long_liked.user[its_user]]), np.concatenate([category, long])
        weights = np.concatenate([weights, kept], axis=1)
    return _Liked(user, category, weights, np.maximum(totals, 1.0, out=totals))


def _known(hashes: NDArray[np.uint32], content: Content) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where hashes of categories of activities stand, and which they are."""
    category, there = content.categories.find(hashes.ravel())
    known = np.flatnonzero(there)
    return known, category[known]


def _put_some(found: NDArray[np.uint32], liked: _Liked, of: NDArray[np.int64], subject: NDArray[np.int64]) -> None:
    """Put the affinities of subjects [N], each with the place `of` [N] of what is liked of it, into found [U, S + 1].

    Few steps for all of a batch: each costs 2 us, and what it does with some thousand numbers hardly more.
    """
    user = liked.user[of]
    cell = user * found.shape[1] + subject
    last = np.empty(found.size, np.int64)
    last[cell] = np.arange(cell.size)
    group = last[cell]  # what is of one cell is summed where the last of it stands: no sum for any other cell
    groups = group + cell.size * np.arange(AFFINITIES)[:, None]
    sums: NDArray[Any] = np.bincount(groups.ravel(), liked.weights[:, of].ravel(), groups.size)
    shares: NDArray[np.float64] = sums.reshape(groups.shape) / liked.totals[:, user]
    found.reshape(-1)[cell] = _in_a_row(steps(shares))[group]


def _put_all(found: NDArray[np.uint32], content: Content, liked: _Liked) -> None:
    """Put the affinities of all subjects into found [U, S + 1]: as many users at once as stay near the processor."""
    users, subjects = found.shape[0], found.shape[1] - 1
    most = max(_AT_ONCE // subjects, _LEAST_AT_ONCE)
    order = np.argsort(liked.user, kind="stable")
    bounds = np.searchsorted(liked.user[order], np.arange(0, users + most, most)).tolist()
    for start, begin, end in zip(range(0, users, most), bounds, bounds[1:], strict=False):
        here, part = order[begin:end], slice(start, start + most)
        mine = liked.user[here] - start, liked.category[here], liked.weights[:, here], liked.totals[:, part]
        found[part, :-1] = _of_subjects(content, _Liked(*mine)).T


def _of_subjects(content: Content, liked: _Liked) -> NDArray[np.uint32]:
    """Return [S, U]: the affinities of all subjects. By category first, so that a row of users is worked on at once."""
    users, size = liked.totals.shape[1], content.categories.hashes.size
    first, *others = content.of_subject
    place = liked.category * users + liked.user
    shares = np.empty((AFFINITIES, first.size, users))
    for weights, totals, share in zip(liked.weights, liked.totals, shares, strict=True):
        sums = np.bincount(place, weights, size * users).reshape(size, users)
        mine = sums[first]
        for more in others:
            mine[: more.size] += sums[more]
        np.divide(mine, totals, out=share)
    return _in_a_row(steps(shares))


def _in_a_row(affinity: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return affinities [AFFINITIES, ...] as one number each, AFFINITY_BITS bits by half-life, the shortest first."""
    found: NDArray[np.uint32] = affinity[0].astype(np.uint32)
    for each in affinity[1:]:
        found <<= np.uint32(AFFINITY_BITS)
        found |= each
    return found


def in_a_row(affinity: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return affinities [..., AFFINITIES] as one number each, AFFINITY_BITS bits by half-life, the shortest first."""
    return _in_a_row(np.moveaxis(affinity, -1, 0))


def steps(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return shares as numbers 0..MOST.

    The logarithm is that of the floating point form: exponent and fraction in a row, straight between powers of two.
    So it is the same on every processor, at a fifth of the cost.
    """
    form = (shares * FINE).astype(np.float32)
    form += np.float32(1.0)
    np.minimum(form, np.float32(1.0) + FINE, out=form)
    above = (form.view(np.int32) - _ONE).astype(np.float32)
    above *= np.float32(MOST / _SPAN)
    above += np.float32(0.5)
    return above.astype(np.uint8)


def share_of(step: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share that a number 0..MOST stands for.

    >>> share_of(np.array([0, MOST])).round(3).tolist()
    [0.0, 1.0]
    """
    form = np.rint(step * (_SPAN / MOST) + _ONE).astype(np.int32).view(np.float32)
    found: NDArray[np.float64] = (form.astype(np.float64) - 1.0) / float(FINE)
    return found
