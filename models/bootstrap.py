"""Intervals of means whose values come in groups: a bootstrap that draws whole sequences.

The targets of one sequence resemble each other, so drawing single targets would make intervals too narrow. A draw
takes S of S sequences with replacement; as only the number of times each was taken matters, a draw is a row of
multinomial counts and all means are one matrix product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 1_000
LEVEL = 0.95

_Z = 1.959963984540054  # half of LEVEL of a normal distribution lies within it on each side
_WEIGHTS = 8_000_000  # multinomial counts held at once


def group_sums(
    values: NDArray[np.float64], groups: NDArray[np.int64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sum and number of the values [T] in each of `size` groups; NaN values are left out."""
    known = ~np.isnan(values)
    sums = np.bincount(groups[known], values[known], size).astype(np.float64)  # without values: whole numbers
    return sums, np.bincount(groups[known], minlength=size).astype(np.float64)


def resampled_means(
    sums: NDArray[np.float64], counts: NDArray[np.float64], seed: int, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Return the means [draws, M] of M columns over resampled groups, from their sums and counts [S, M] by group.

    All columns see the same draws, so the difference of two columns is a paired one. NaN where a draw has no value.
    """
    rng = np.random.default_rng(seed)
    groups = sums.shape[0]
    block = max(1, _WEIGHTS // groups)
    means = np.empty((draws, sums.shape[1]))
    for start in range(0, draws, block):
        part = min(block, draws - start)
        drawn = rng.integers(groups, size=(part, groups)) + groups * np.arange(part)[:, None]
        taken = np.bincount(drawn.ravel(), minlength=part * groups).reshape(part, groups).astype(np.float64)
        with np.errstate(invalid="ignore"):
            means[start : start + part] = (taken @ sums) / (taken @ counts)
    return means


def percentile_interval(samples: NDArray[np.float64]) -> tuple[float, float]:
    """Return the middle `LEVEL` of samples [draws]; NaN samples are left out, and no samples give NaN twice."""
    known = samples[~np.isnan(samples)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def jackknife_interval(value: float, lost: NDArray[np.float64]) -> tuple[float, float]:
    """Return value -+ 1.96 standard errors, from what the value would lose without each group [S].

    For shares of a union, such as coverage: a resample always misses groups, so its union is always smaller and a
    percentile interval would lie beside the value. Efron & Tibshirani 1993, chapter 11.
    """
    spread = np.sqrt((lost.size - 1) / lost.size * np.square(lost - lost.mean()).sum())
    return value - _Z * float(spread), value + _Z * float(spread)
