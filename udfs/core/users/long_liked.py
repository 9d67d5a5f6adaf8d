"""What a user has long liked: decayed weights of the categories of all events that have left his history.

The history holds the 31 newest events exactly (history.py). An event that leaves it does so in the order of time,
whatever the order of arrival was, and is folded in here: its category gains what an event of its number weighs. That
doubles in a half-life, at the end of which all weights are halved: so everything fades, and an event touches one place.
Whole numbers: the same events give the same bytes. Of more than 32 categories those of most weight are kept.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

HALF_LIVES = (100, 1_000)
"""In events."""
KEPT = 32
UNITS = (1 << 23, 1 << 20)
"""Weight of the first event of a half-life: what all events of a user together can weigh fits 32 bits."""
FIELDS = 1 + len(HALF_LIVES)
"""Of a kept category: its hash and its weights, u32 each."""
MAX_LIKED_BYTES = 4 * FIELDS * KEPT

_WEIGHTS = tuple(
    [round(unit * 2.0 ** (number / half_life)) for number in range(half_life)]
    for unit, half_life in zip(UNITS, HALF_LIVES, strict=True)
)
"""By half-life, weight of an event by its number since the last halving."""
_SHORTER, _LONGEST = _WEIGHTS
_OFTEN = gcd(*HALF_LIVES)
_WEIGHTS_OF = tuple(np.array(each, np.uint32) for each in _WEIGHTS)
_MANY = 16
"""Users of whom it is cheaper to fold an event each than one user after the other."""
_PERIODS = 64
"""Half-lives after which a total has long become what it stays."""


class LongLiked(NamedTuple):
    """What `fold` has put into those D of U users of whom it has folded any event; a short past has left none."""

    user: NDArray[np.int64]
    """[D] numbers below U, rising."""
    liked: NDArray[np.uint32]
    """[D, KEPT, FIELDS]: hashes of categories, 0 for none, and their weights."""
    folded: NDArray[np.int64]
    """[D] number of events."""


def long_liked_of(
    liked: NDArray[np.uint32], folded: NDArray[np.int64], rows: NDArray[np.int64] | None = None
) -> LongLiked:
    """Return what U users have long liked after so many events of each [U], from their rows of `liked`; None: all."""
    user = np.flatnonzero(folded)
    return LongLiked(user, liked[user if rows is None else rows[user]], folded[user])


def none_liked(users: int) -> NDArray[np.uint32]:
    """Return what is kept of users whose history has never been full: [U, KEPT, FIELDS], see `fold`."""
    return np.zeros((users, KEPT, FIELDS), np.uint32)


def fold(
    liked: NDArray[np.uint32], folded: NDArray[np.int64], rows: NDArray[np.int64], category: NDArray[np.uint32]
) -> None:
    """Fold one event of each of some users into what they like; `category` [R] is its hash, 0 for none.

    `liked` is [U, KEPT, FIELDS], `rows` [R] are different users, `folded` [R] how many events each has behind him. A
    category that is not kept takes a free place or that of the one with the least weight at the longest half-life, of
    equal ones that with the lower hash.
    """
    for at, half_life in enumerate(HALF_LIVES, 1):
        full = rows[(folded % half_life == 0) & (folded > 0)]
        if full.size:
            liked[full, :, at] >>= np.uint32(1)
    some = category != 0
    rows, folded, category = rows[some], folded[some], category[some]
    kept = liked[rows, :, 0]
    mine = kept == category[:, None]
    place = mine.argmax(axis=1)
    new = np.flatnonzero(~mine.any(axis=1))
    if new.size:
        longest = liked[rows[new], :, FIELDS - 1].astype(np.uint64)
        place[new] = (longest << np.uint64(32) | kept[new]).argmin(axis=1)
        liked[rows[new], place[new]] = 0
        liked[rows[new], place[new], 0] = category[new]
    for at, weights in enumerate(_WEIGHTS_OF, 1):
        liked[rows, place, at] += weights[folded % weights.size]


def fold_all(liked: NDArray[np.uint32], left: Sequence[tuple[int, int, list[int]]]) -> None:
    """Fold events of different users: the row, number of events behind him and categories in order of time of each."""
    done = 0
    while len(left) >= _MANY:
        rows, behind, categories = (list(each) for each in zip(*left, strict=True))
        now = np.array([each[done] for each in categories], np.uint32)
        fold(liked, np.array(behind, np.int64) + done, np.array(rows, np.int64), now)
        done += 1
        left = [each for each in left if len(each[2]) > done]
    for row, folded, each in left:
        fold_many(liked[row], folded + done, each[done:])


def fold_many(liked: NDArray[np.uint32], folded: int, categories: Iterable[int]) -> None:
    """Fold events of one user, in order of time, into what he likes [KEPT, FIELDS]: what `fold` does one by one.

    Cheaper than it for a single user: 0.5 us an event.
    """
    kept, *weights = liked.T.tolist()
    shorter, longest = weights
    places = {category: place for place, category in enumerate(kept) if category}
    ranks: list[int] = []  # by place, weight and hash in one: only made when a category has to go
    for number, category in enumerate(categories, folded):
        if not number % _OFTEN and number:
            for each, half_life in zip(weights, HALF_LIVES, strict=True):
                if not number % half_life:
                    each[:] = [weight >> 1 for weight in each]
                    ranks = []
        if not category:
            continue
        place = places.get(category, -1)
        if place < 0:
            ranks = ranks or [weight << 32 | name for weight, name in zip(longest, kept, strict=True)]
            place = ranks.index(min(ranks))
            places.pop(kept[place], None)
            places[category], kept[place] = place, category
            shorter[place] = longest[place] = 0
        shorter[place] += _SHORTER[number % HALF_LIVES[0]]
        longest[place] += _LONGEST[number % HALF_LIVES[1]]
        if ranks:
            ranks[place] = longest[place] << 32 | category
    liked[:] = np.array([kept, *weights], np.uint32).T


def _totals() -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]:
    """Return by half-life what all events weigh at the start of each period, and what is added inside one."""
    found = []
    for weights in _WEIGHTS:
        start, starts = 0, []
        for _ in range(_PERIODS):
            starts.append(float(start))
            start = start + sum(weights) >> 1
        found.append((np.array(starts), np.cumsum(weights, dtype=np.float64)))
    return tuple(found)


_TOTALS = _totals()
_AHEAD = tuple(np.array([0.5 ** (at / half_life) for at in range(2 * half_life)]) for half_life in HALF_LIVES)


class Fading(NamedTuple):
    """What the long liked of U users weighs beside a full history, in whole numbers; its newest event weighs UNITS."""

    scale: NDArray[np.float64]
    """[U, half-lives]."""
    totals: NDArray[np.float64]
    """[U, half-lives]: of all events, also those without a category and of categories that are not kept."""

    def of(self, users: NDArray[np.int64], weights: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return weights [N, half-lives] of what some of the users have long liked."""
        faded: NDArray[np.float64] = weights * self.scale[users]
        return np.rint(faded, out=faded)


def fading_of(folded: NDArray[np.int64], newer: int) -> Fading:
    """Return how what is made of so many events [U] fades in `newer` more events than were folded in."""
    before = np.maximum(folded - 1, 0)
    scale = np.empty((before.size, len(HALF_LIVES)))
    totals = np.empty_like(scale)
    for at, (half_life, (starts, inside)) in enumerate(zip(HALF_LIVES, _TOTALS, strict=True)):
        period, number = np.divmod(before, half_life)
        scale[:, at] = _AHEAD[at][number + newer]
        totals[:, at] = starts[np.minimum(period, _PERIODS - 1)] + inside[number]
    totals *= (folded > 0)[:, None]
    return Fading(scale, np.rint(totals * scale))
