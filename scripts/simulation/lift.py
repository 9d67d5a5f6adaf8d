"""Click rates with intervals that know that one visitor's impressions are not independent.

A click rate is a ratio of two sums over visitors, clicks c and impressions n. By the delta method, with each visitor as
one draw, its variance is  m/(m-1) sum (c_u - r n_u)^2 / (sum n_u)^2  for m visitors and r = sum c / sum n.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Z_95 = 1.959963984540054


class Rate(NamedTuple):
    """A click rate, 0..1, and its standard error; NaN where nothing was shown or only to one visitor."""

    value: float
    error: float


class Lift(NamedTuple):
    """How much higher the first rate is than the second: first / second - 1, with its 95 % interval."""

    value: float
    low: float
    high: float


def click_rate(clicks: NDArray[np.int64], impressions: NDArray[np.int64]) -> Rate:
    """Return the click rate of visitors with these clicks and impressions (arrays of one entry for each)."""
    seen = impressions > 0
    visitors, total = int(seen.sum()), int(impressions.sum())
    if not visitors:
        return Rate(math.nan, math.nan)
    rate = float(clicks.sum()) / total
    if visitors == 1:
        return Rate(rate, math.nan)
    squares = float(np.square(clicks[seen] - rate * impressions[seen]).sum())
    return Rate(rate, math.sqrt(squares * visitors / (visitors - 1)) / total)


def lift(treated: Rate, control: Rate) -> Lift:
    """Return the lift of independent rates; its interval is symmetric for the logarithm of their ratio.

    NaN where a rate is 0 or not known.
    """
    if not (treated.value > 0 and control.value > 0):
        return Lift(math.nan, math.nan, math.nan)
    ratio = treated.value / control.value
    spread = Z_95 * math.hypot(treated.error / treated.value, control.error / control.value)
    return Lift(ratio - 1, ratio * math.exp(-spread) - 1, ratio * math.exp(spread) - 1)
