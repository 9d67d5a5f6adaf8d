"""95 % intervals: bootstrap, bounds where rewards are rare, empirical Bernstein, and a confidence sequence."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.evaluation.columns.row_parts import IN_MEMORY, folded, stretches, summed
from tideline.udfs.core.evaluation.estimators import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.columns.row_parts import Memory

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
    they are. A sample whose bottom is 0 is left out.
    """
    terms = list(parts)
    sums = block_sums(group, IN_MEMORY, lambda rows: [Terms(each.top[rows], each.bottom[rows]) for each in terms])
    return bootstrap_blocks(sums, resamples, error)


def block_sums(
    group: NDArray[np.int64], memory: Memory, of_rows: Callable[[NDArray[np.int64]], list[Terms]]
) -> NDArray[np.float64]:
    """Return sums of the terms by block [blocks, 2 x estimates], top and bottom of each; groups count from 0."""
    groups = max(int(group[rows].max()) + 1 for rows in stretches(group.size, memory))
    blocks = min(groups, _BLOCKS)
    sums: dict[int, NDArray[np.float64]] = {}
    for rows in stretches(group.size, memory):
        block = group[rows] % blocks
        for at, column in enumerate(each for terms in of_rows(rows) for each in terms):
            np.add.at(sums.setdefault(at, np.zeros(blocks)), block, column)
    return np.column_stack(list(sums.values()))


def bootstrap_blocks(sums: NDArray[np.float64], resamples: int = RESAMPLES, error: float = 0.05) -> list[Interval]:
    """Return the intervals of `bootstrap` from the sums of its blocks."""
    blocks, random = len(sums), np.random.default_rng(_SEED)
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


def rare(parts: Callable[[], Iterable[NDArray[np.float64]]], step: float, error: float = 0.05) -> tuple[float, float]:
    """Return how far below and above its seen value a sum of rare contributions may truly lie; 0 for many of them.

    The gamma interval of a weighted sum of Poisson counts (Fay and Feuer 1997), with the largest contribution for the
    one that might have come; `step` is that where nothing came at all. Contributions of both signs count on both sides.
    They come in parts, and are asked for twice.

    >>> [round(float(each), 2) for each in rare(lambda: [np.zeros(300)], 1.0)]  # nothing came: 3.67 may
    [3.67, 3.67]
    """
    # in units of the largest: squares of rewards in a file of somebody's may be too small or too large for a float
    ends = [(float(each.min(initial=0.0)), float(each.max(initial=0.0))) for each in parts()]
    low, high = min(each for each, _ in ends), max(each for _, each in ends)
    unit = max(-low, high) or step
    if unit == 0.0:
        return 0.0, 0.0
    sizes = (np.abs(each / unit) for each in parts())
    total, squares = folded([size, np.square(size)] for size in sizes).tolist()
    below, above = _rare(total, squares, (low < 0.0, high > 0.0), error)
    return below * unit, above * unit


def _rare(total: float, squares: float, signs: tuple[bool, bool], error: float) -> tuple[float, float]:
    """Return `rare` where the largest contribution, or the one that might have come, is 1."""
    if squares > 0.0 and total**2 / squares > _MANY:
        return 0.0, 0.0
    more = _gamma(total + 1.0, squares + 1.0, 1.0 - error / 2) - total
    less = total - (_gamma(total, squares, error / 2) if squares > 0.0 else 0.0)
    if total == 0.0 or all(signs):
        return more, more
    return (less, more) if signs[1] else (more, less)


def _gamma(mean: float, variance: float, share: float) -> float:
    """Return the quantile of a gamma distribution (Wilson and Hilferty 1931)."""
    spread = variance / (9.0 * mean**2)
    return mean * max(1.0 - spread + _NORMAL.inv_cdf(share) * math.sqrt(spread), 0.0) ** 3


def empirical_bernstein(
    count: int, mean: float, variance: float, ends: tuple[float, float], error: float = 0.05
) -> Interval:
    """Return a finite-sample interval of the mean of `count` independent values between two ends.

    Maurer and Pontil 2009, theorem 4, on both sides with error/2 each:
    |mean - mu| <= sqrt(2 V ln(4/error) / n) + 7 (high - low) ln(4/error) / (3 (n - 1)), V the sample variance.
    """
    (low, high), log_term = ends, np.log(4.0 / error)
    margin = np.sqrt(2.0 * variance * log_term / count) + 7.0 * (high - low) * log_term / (3.0 * (count - 1))
    return Interval(max(mean - margin, low), min(mean + margin, high))


def confidence_sequence(
    weight: NDArray[np.float64],
    reward: NDArray[np.float64],
    ends: tuple[float, float],
    memory: Memory = IN_MEMORY,
    error: float = 0.05,
) -> Interval:
    """Return the interval after the last row of a sequence that holds at all times at once, so at any stopping time.

    Rows in the order of time, rewards between two ends, weights of mean 1 given the past and without any bound. It is
    the predictable plug-in empirical Bernstein sequence of Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2022
    ("Anytime-valid off-policy inference for contextual bandits", proposition 1 with k = 0): below from w r, above from
    w (1 - r), each with error/2.
    """
    low, high = ends

    def gained(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = weight[rows] * ((reward[rows] - low) / (high - low))
        return found

    def missed(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = weight[rows] * (1.0 - (reward[rows] - low) / (high - low))
        return found

    least, most = (_lower_bound(weight.size, memory, each, error / 2) for each in (gained, missed))
    return Interval(low + (high - low) * least, low + (high - low) * (1.0 - most))


def _lower_bound(
    count: int, memory: Memory, of_rows: Callable[[NDArray[np.int64]], NDArray[np.float64]], error: float
) -> float:
    """Return max(0, sum(l v)/sum(l) - (ln(1/error) + sum psi(l) (v - m)^2) / sum(l)), at the last of the values.

    m is the mean so far, at most 1, l = min(1/2, sqrt(2 ln(1/error) / (s^2 t ln(1 + t)))) the bet from the variance s^2
    so far, psi(l) = -ln(1 - l) - l. For v >= 0 and m <= 1, exp(l (v - m) - psi(l) (v - m)^2) <= 1 + l (v - m) (Fan,
    Grama and Liu 2015, lemma 4.1), so the product of these is a supermartingale.
    """
    log_term = np.log(1.0 / error)
    total, squares, mean, spread, won = 0.0, 0.0, 0.5, 0.25, 0.0  # of the values so far

    def terms(rows: NDArray[np.int64]) -> list[NDArray[np.float64]]:
        nonlocal total, squares, mean, spread, won
        values, t = of_rows(rows), rows + 1
        upto = np.cumsum(np.concatenate([[total], values]))[1:]
        means = np.minimum((0.5 + upto) / (t + 1), 1.0)
        apart = np.cumsum(np.concatenate([[squares], np.square(values - means)]))[1:]
        variances = (0.25 + apart) / (t + 1)
        before, variance = (
            np.concatenate([[first], each[:-1]]) for first, each in ((mean, means), (spread, variances))
        )
        total, squares, mean, spread = upto[-1], apart[-1], means[-1], variances[-1]
        bet = np.minimum(np.sqrt(2.0 * log_term / (variance * t * np.log1p(t))), _LARGEST_BET)
        won += float(bet @ values)
        return [(-np.log1p(-bet) - bet) * np.square(values - before), bet]

    cost, bets = summed(count, memory, terms).tolist()
    return max(float((won - log_term - cost) / bets), 0.0)
