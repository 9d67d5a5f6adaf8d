"""What is learned of pairs: exact sums by activity over the numbers of a pair and the context together.

v holds the pair's numbers z and the context x, both int8 in units of 1/127; impressions are in hundredths. So sums of
v v' and of clicks times v are whole numbers: any order and any sharding give the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.context import DIM
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.pairs.pair_numbers import NUMBERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = NUMBERS + DIM
UPPER = np.triu_indices(SIZE)
_AT_ONCE = 4_096


class PairSums(NamedTuple):
    """Of K activities: impressions [K] in hundredths, rewards [K, objectives] (revenue in thousandths), products."""

    impressions: NDArray[np.int64]
    rewards: NDArray[np.int64]
    products: NDArray[np.int64]
    """[K, SIZE (SIZE + 1) / 2]: sums of v v' by impressions, the upper half."""
    moments: NDArray[np.int64]
    """[K, SIZE]: sums of v by clicks."""


def no_sums(activities: int) -> PairSums:
    """Return the sums of activities that were never shown."""
    return PairSums(
        np.zeros(activities, np.int64),
        np.zeros((activities, len(OBJECTIVES)), np.int64),
        np.zeros((activities, UPPER[0].size), np.int64),
        np.zeros((activities, SIZE), np.int64),
    )


def add_pairs(
    sums: PairSums,
    activity: NDArray[np.int64],
    v: NDArray[np.int8],
    impressions: NDArray[np.int64],
    rewards: NDArray[np.int64],
) -> None:
    """Add N increments: activity numbers [N], v [N, SIZE], hundredths of impressions [N], rewards [N, objectives]."""
    np.add.at(sums.impressions, activity, impressions)
    np.add.at(sums.rewards, activity, rewards)
    for start in range(0, activity.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        whole = v[part].astype(np.int64)
        products = whole[:, UPPER[0]] * whole[:, UPPER[1]] * impressions[part, None]
        np.add.at(sums.products, activity[part], products)
        np.add.at(sums.moments, activity[part], whole * rewards[part, :1])
