"""The numbers of a pair: what a user and an activity have to do with each other, as the regression reads them.

Three bytes say all that a token has to carry: affinities at three half-lives, seven bits each, and how often the user
has seen the activity, up to seven times. The rest follows from them and from the activity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.pairs.affinity import AFFINITIES, MOST

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBERS = 8
"""A constant, three affinities, the roots of the two longer ones' shares, breadth, and weariness."""
MAX_SEEN = 7
PACKED_BYTES = 3
_FINE = 1_000.0
_ROOTS = np.rint(MOST * np.sqrt(np.expm1(np.arange(MOST + 1) / MOST * np.log1p(_FINE)) / _FINE)).astype(np.int8)
"""By affinity, the root of the share it stands for."""
_BREADTH = np.minimum(np.rint(MOST / 2.0 * np.log1p(np.arange(64))), MOST).astype(np.int8)
_WEARINESS = np.rint(MOST * (1.0 - 0.5 ** np.arange(MAX_SEEN + 1))).astype(np.int8)


def pack(affinity: NDArray[np.int8], seen: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return a number below 2^24 for each pair, of affinities [..., AFFINITIES] and times seen [...]."""
    packed = np.minimum(seen, MAX_SEEN).astype(np.uint32)
    for at in range(AFFINITIES):
        packed = packed << np.uint32(7) | affinity[..., at].astype(np.uint32)
    return packed


def pair_numbers(packed: NDArray[np.uint32], breadth: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return the numbers [..., NUMBERS] of packed pairs [...] in units of 1/127; `breadth` counts the categories."""
    found = np.empty((*packed.shape, NUMBERS), np.int8)
    found[..., 0] = MOST
    for at in range(AFFINITIES):
        found[..., 1 + at] = packed >> np.uint32(7 * (AFFINITIES - 1 - at)) & np.uint32(MOST)
    found[..., 4], found[..., 5] = _ROOTS[found[..., 2]], _ROOTS[found[..., 3]]
    found[..., 6] = _BREADTH[np.minimum(breadth, _BREADTH.size - 1)]
    found[..., 7] = _WEARINESS[packed >> np.uint32(7 * AFFINITIES)]
    return found
