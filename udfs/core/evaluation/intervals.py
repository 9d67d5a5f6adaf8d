"""95 % intervals: bootstrap, bounds where rewards are rare, empirical Bernstein, and a confidence sequence."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.estimators import Terms

RESAMPLES = 2000
_BLOCKS = 5000
_AT_ONCE = 50
_LARGEST_BET = 0.5
_SEED = 20_261_122
_NORMAL = NormalDist()
_LEAST_STRETCH = 0.2
_MANY = 30.0


class Interval(NamedTuple):
    """Bounds of a value."""

    low: float
    high: float


def bootstrap(
    parts: Iterable[Terms], group: NDArray[np.int64], resamples: int = RESAMPLES, error: float = 0.05
) -> list[Interval]:
    """Return a BCa interval of each estimate (Efron 1987); groups (users, decisions) are drawn with replacement.

    It is expanded as Student's t and the sample's own spread demand of few groups (Hesterberg 2015), its quantiles
    are corrected for the skewness that rare rewards under large weights bring. Models are not fitted anew. More than
    5,000 groups are put together into 5,000 blocks beforehand, which leaves mean, variance and skewness of a sum as
    they are. A sample whose bottom is 0 is left out. Of the parts one at a time is held.
    """
    blocks = min(int(group.max()) + 1, _BLOCKS)
    block = group % blocks
    sums = np.column_stack([np.bincount(block, each, blocks) for terms in parts for each in terms]).astype(np.float64)
    random = np.random.default_rng(_SEED)
    found = np.empty((resamples, sums.shape[1]))
    for start in range(0, resamples, _AT_ONCE):
        draws = min(_AT_ONCE, resamples - start)
        drawn = random.integers(blocks, size=(draws, blocks), dtype=np.int64) + blocks * np.arange(draws)[:, None]
        times = np.bincount(drawn.ravel(), minlength=draws * blocks).reshape(draws, blocks)
        found[start : start + draws] = times @ sums
    with np.errstate(divide="ignore", invalid="ignore"):
        values = found[:, 0::2] / found[:, 1::2]
    return [_corrected(values[:, at], sums[:, 2 * at], sums[:, 2 * at + 1], error) for at in range(values.shape[1])]


def _corrected(
    drawn: NDArray[np.float64], top: NDArray[np.float64], bottom: NDArray[np.float64], error: float
) -> Interval:
    """Return the BCa quantiles: bias from the draws below the estimate, acceleration from its influence function."""
    drawn = drawn[np.isfinite(drawn)]
    value = top.sum() / bottom.sum()
    influence = top - value * bottom
    spread = float(np.square(influence).sum())
    if spread == 0.0:
        return Interval(value, value)
    acceleration = float((influence**3).sum()) / (6.0 * spread**1.5)
    below = ((drawn < value).sum() + 0.5 * (drawn == value).sum() + 0.5) / (drawn.size + 1.0)
    bias = _NORMAL.inv_cdf(float(below))
    ends = []
    for share in (error / 2, 1.0 - error / 2):
        z = bias + _expanded(_NORMAL.inv_cdf(share), top.size)
        ends.append(_NORMAL.cdf(bias + z / max(1.0 - acceleration * z, _LEAST_STRETCH)))
    low, high = np.quantile(drawn, ends).tolist()
    return Interval(low, high)


def _expanded(z: float, groups: int) -> float:
    """Return the quantile of Student's t for a normal one, to first order, with the spread's lost degree of freedom."""
    freedom = max(groups - 1, 1)
    return (z + (z**3 + z) / (4.0 * freedom)) * math.sqrt(groups / freedom)


def rare(sums: NDArray[np.float64], step: float, error: float = 0.05) -> tuple[float, float]:
    """Return how far below and above its seen value a sum of rare contributions may truly lie; 0 for many of them.

    The gamma interval of a weighted sum of Poisson counts (Fay and Feuer 1997), with the largest contribution for the
    one that might have come; `step` is that where nothing came at all. Contributions of both signs count on both sides.

    >>> [round(float(each), 2) for each in rare(np.zeros(300), 1.0)]  # nothing came: 3.67 may have, either way
    [3.67, 3.67]
    """
    # in units of the largest: squares of rewards in a file of somebody's may be too small or too large for a float
    unit = float(np.abs(sums).max(initial=0.0)) or step
    if unit == 0.0:
        return 0.0, 0.0
    below, above = _rare(sums / unit, error)
    return below * unit, above * unit


def _rare(sums: NDArray[np.float64], error: float) -> tuple[float, float]:
    """Return `rare` where the largest contribution, or the one that might have come, is 1."""
    size = np.abs(sums)
    total, squares = float(size.sum()), float(np.square(size).sum())
    if squares > 0.0 and total**2 / squares > _MANY:
        return 0.0, 0.0
    more = _gamma(total + 1.0, squares + 1.0, 1.0 - error / 2) - total
    less = total - (_gamma(total, squares, error / 2) if squares > 0.0 else 0.0)
    if total == 0.0 or (sums.min() < 0.0 < sums.max()):
        return more, more
    return (less, more) if sums.max() > 0.0 else (more, less)


def _gamma(mean: float, variance: float, share: float) -> float:
    """Return the quantile of a gamma distribution (Wilson and Hilferty 1931)."""
    spread = variance / (9.0 * mean**2)
    return mean * max(1.0 - spread + _NORMAL.inv_cdf(share) * math.sqrt(spread), 0.0) ** 3


def empirical_bernstein(values: NDArray[np.float64], low: float, high: float, error: float = 0.05) -> Interval:
    """Return a finite-sample interval of the mean of independent values in [low, high].

    Maurer and Pontil 2009, theorem 4, on both sides with error/2 each:
    |mean - mu| <= sqrt(2 V ln(4/error) / n) + 7 (high - low) ln(4/error) / (3 (n - 1)), V the sample variance.
    """
    n, log_term = values.size, np.log(4.0 / error)
    mean = float(values.mean())
    margin = np.sqrt(2.0 * values.var(ddof=1) * log_term / n) + 7.0 * (high - low) * log_term / (3.0 * (n - 1))
    return Interval(max(mean - margin, low), min(mean + margin, high))


def confidence_sequence(
    weight: NDArray[np.float64], reward: NDArray[np.float64], low: float, high: float, error: float = 0.05
) -> Interval:
    """Return the interval after the last row of a sequence that holds at all times at once, so at any stopping time.

    Rows in the order of time, rewards in [low, high], weights of mean 1 given the past and without any bound. It is the
    predictable plug-in empirical Bernstein sequence of Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2022
    ("Anytime-valid off-policy inference for contextual bandits", proposition 1 with k = 0): below from w r, above from
    w (1 - r), each with error/2.
    """
    scaled = (reward - low) / (high - low)
    least = _lower_bound(weight * scaled, error / 2)
    most = 1.0 - _lower_bound(weight * (1.0 - scaled), error / 2)
    return Interval(low + (high - low) * least, low + (high - low) * most)


def _lower_bound(values: NDArray[np.float64], error: float) -> float:
    """Return max(0, sum(l v)/sum(l) - (ln(1/error) + sum psi(l) (v - m)^2) / sum(l)), at the last of the values.

    m is the mean so far, at most 1, l = min(1/2, sqrt(2 ln(1/error) / (s^2 t ln(1 + t)))) the bet from the variance s^2
    so far, psi(l) = -ln(1 - l) - l. For v >= 0 and m <= 1, exp(l (v - m) - psi(l) (v - m)^2) <= 1 + l (v - m) (Fan,
    Grama and Liu 2015, lemma 4.1), so the product of these is a supermartingale.
    """
    t = np.arange(1, values.size + 1)
    means = np.minimum((0.5 + np.cumsum(values)) / (t + 1), 1.0)
    before = np.concatenate([[0.5], means[:-1]])
    variance = (0.25 + np.cumsum(np.square(values - means))) / (t + 1)
    variance = np.concatenate([[0.25], variance[:-1]])
    log_term = np.log(1.0 / error)
    bet = np.minimum(np.sqrt(2.0 * log_term / (variance * t * np.log1p(t))), _LARGEST_BET)
    cost = (-np.log1p(-bet) - bet) * np.square(values - before)
    return max(float((bet @ values - log_term - cost.sum()) / bet.sum()), 0.0)
