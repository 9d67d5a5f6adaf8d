"""The numbers of a pair: what a user and an activity have to do with each other, as the regression reads them.

Three bytes say all: affinities at three half-lives, six bits each, how often the user has seen the activity, up to
seven times, and how many categories it is about, as a step of a logarithm. A token carries them, so what was scored is
what is learned from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.pairs.affinity import AFFINITIES, AFFINITY_BITS, MOST, share_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAIR_DIM = 8
"""A constant, three affinities, the roots of the two longer ones' shares, breadth, and weariness."""
PAIR_BYTES = 3
"""What they mean is part of the token's layout and of the sums' version: pairs of another meaning are not read."""
MAX_SEEN = MAX_BREADTH = 7
_UNIT = 127
_SEEN_SHIFT, _AFFINITY_SHIFT = 3, 6
_HALF, _LOW = np.uint32(12), np.uint32(0xFFF)
HALVES = ((1, 2, 4), (0, 3, 5, 6, 7))
"""Which numbers of a pair follow from the upper twelve bits and which from the lower."""
_STEPS = np.arange(MOST + 1)
_AFFINITY = np.rint(_UNIT / MOST * _STEPS).astype(np.int8)
_ROOTS = np.rint(_UNIT * np.sqrt(share_of(_STEPS))).astype(np.int8)
"""By affinity, the root of the share it stands for."""
_BREADTH_FROM = np.array([1, 2, 3, 4, 6, 9, 16])
_BREADTH = np.minimum(np.rint(_UNIT / 2.0 * np.log1p([0, 1, 2, 3, 5, 7, 12, 24])), _UNIT).astype(np.int8)
_WEARINESS = np.rint(_UNIT * (1.0 - 0.5 ** np.arange(MAX_SEEN + 1))).astype(np.int8)


def breadth_step(categories: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the step, 0..MAX_BREADTH, of numbers of categories.

    >>> breadth_step(np.array([0, 1, 2, 3, 5, 8, 15, 900])).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    return np.searchsorted(_BREADTH_FROM, categories, side="right").astype(np.uint32)


def pack(
    affinity: NDArray[np.uint32], breadth: NDArray[np.uint32], seen: NDArray[np.integer[Any]] | None = None
) -> NDArray[np.uint32]:
    """Return a number below 2^24 for each pair, of affinities `in_a_row`, steps of breadth, and times seen [...]."""
    packed = affinity << np.uint32(2 * _SEEN_SHIFT)
    packed |= breadth
    if seen is not None:
        packed |= np.minimum(seen, MAX_SEEN).astype(np.uint32) << np.uint32(_SEEN_SHIFT)
    return packed


def see_again(pairs: NDArray[np.uint32], places: NDArray[np.int64], times: NDArray[np.integer[Any]]) -> None:
    """Let activities have been seen so many times more in some of the packed pairs [N], all different, in place."""
    there = pairs[places]
    more = np.minimum(times.astype(np.uint32), np.uint32(MAX_SEEN) - seen_of(there))
    pairs[places] = there + (more << np.uint32(_SEEN_SHIFT))


def affinity_at(pairs: NDArray[np.uint32], at: int) -> NDArray[np.uint32]:
    """Return the affinity at a half-life by its number, 0..MOST, of packed pairs."""
    shift = _AFFINITY_SHIFT + AFFINITY_BITS * (AFFINITIES - 1 - at)
    found: NDArray[np.uint32] = pairs >> np.uint32(shift) & np.uint32(MOST)
    return found


def seen_of(pairs: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return how often each pair's user has seen its activity, at most MAX_SEEN."""
    found: NDArray[np.uint32] = pairs >> np.uint32(_SEEN_SHIFT) & np.uint32(MAX_SEEN)
    return found


def pair_numbers(pairs: NDArray[np.uint32]) -> NDArray[np.int8]:
    """Return the numbers [..., PAIR_DIM] of packed pairs [...] in units of 1/127."""
    # Each number follows from one half of the bits: two look-ups of eight bytes a pair in place of seven of one.
    found = _OF_UPPER.take(pairs >> _HALF & _LOW) | _OF_LOWER.take(pairs & _LOW)
    return found[..., None].view(np.int8)


def _worked_out(pairs: NDArray[np.uint32], numbers: tuple[int, ...]) -> NDArray[np.uint64]:
    """Return some of the numbers of packed pairs [n], the others 0, as one number of eight bytes for each pair."""
    found = np.zeros((*pairs.shape, PAIR_DIM), np.int8)
    found[..., 0] = _UNIT
    for at in range(AFFINITIES):
        found[..., 1 + at] = _AFFINITY[affinity_at(pairs, at)]
    found[..., 4], found[..., 5] = _ROOTS[affinity_at(pairs, 1)], _ROOTS[affinity_at(pairs, 2)]
    found[..., 6] = _BREADTH[pairs & np.uint32(MAX_BREADTH)]
    found[..., 7] = _WEARINESS[seen_of(pairs)]
    found[..., [at for at in range(PAIR_DIM) if at not in numbers]] = 0
    return found.view(np.uint64)[..., 0]


_EVERY = np.arange(1 << int(_HALF), dtype=np.uint32)
_OF_UPPER, _OF_LOWER = (
    _worked_out(half, numbers) for half, numbers in zip((_EVERY << _HALF, _EVERY), HALVES, strict=True)
)
