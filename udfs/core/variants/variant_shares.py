"""Shares of the users that see each variant, in 256ths: even, or by how likely each is the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = 256
"""Shares are whole numbers of one part of so many."""
LEAST = 26
"""At least, where variants earn while they are compared: a tenth."""
_POINTS = 512
_WIDTHS = 7.0


def even_shares(variants: int) -> list[int]:
    """Return equal shares; what does not divide goes to the first ones.

    >>> even_shares(3)
    [86, 85, 85]
    """
    return [PARTS // variants + (at < PARTS % variants) for at in range(variants)]


def earning_shares(likely_best: NDArray[np.float64], least: int = LEAST) -> NDArray[np.int64]:
    """Return shares [R, V] by how likely each variant is the best, at least `least` each, that add up to all.

    >>> earning_shares(np.array([[0.75, 0.25], [1.0, 0.0]])).tolist()
    [[192, 64], [230, 26]]
    """
    wanted = least + np.maximum(likely_best * PARTS - least, 0.0)
    over = wanted - least
    free = PARTS - least * likely_best.shape[1]
    exact = least + over * free / np.maximum(over.sum(axis=1, keepdims=True), 1e-9)
    found: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    for row, missing in enumerate((PARTS - found.sum(axis=1)).tolist()):
        order = np.argsort(found[row] - exact[row], kind="stable")
        found[row, order[:missing]] += 1
    return found


def chances_of_best(successes: NDArray[np.float64], trials: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely each variant [R, V] has the highest rate, by Beta posteriors; exact to a part in 1,000.

    >>> chances_of_best(np.array([[5.0, 5.0]]), np.array([[100.0, 100.0]])).round(3).tolist()
    [[0.5, 0.5]]
    """
    a, b = 1.0 + successes, 1.0 + np.maximum(trials - successes, 0.0)
    mean = a / (a + b)
    spread = _WIDTHS * np.sqrt(mean * (1.0 - mean) / (a + b + 1.0))
    low = np.maximum((mean - spread).min(axis=1), 1e-9)[:, None, None]
    high = np.minimum((mean + spread).max(axis=1), 1.0 - 1e-9)[:, None, None]
    x = low + (high - low) * (np.arange(_POINTS) + 0.5) / _POINTS
    log = (a[:, :, None] - 1.0) * np.log(x) + (b[:, :, None] - 1.0) * np.log1p(-x)
    return _chances(np.exp(log - log.max(axis=2, keepdims=True)))


def chances_of_best_mean(mean: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely each variant [V] has the highest mean, by normal posteriors with these standard errors.

    >>> chances_of_best_mean(np.array([1.0, 1.0]), np.array([0.1, 0.1])).round(3).tolist()
    [0.5, 0.5]
    """
    low, high = (mean - _WIDTHS * error).min(), (mean + _WIDTHS * error).max()
    x = low + (high - low) * (np.arange(_POINTS) + 0.5) / _POINTS
    log = -0.5 * np.square((x - mean[:, None]) / error[:, None])
    found: NDArray[np.float64] = _chances(np.exp(log - log.max(axis=1, keepdims=True))[None])[0]
    return found


def _chances(density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely each is the highest, by densities [R, V, points] up to their scale."""
    density = density / density.sum(axis=2, keepdims=True)
    below = np.cumsum(density, axis=2) - density / 2
    chances = np.stack(
        [(density[:, at] * np.delete(below, at, axis=1).prod(axis=1)).sum(axis=1) for at in range(density.shape[1])],
        axis=1,
    )
    found: NDArray[np.float64] = chances / chances.sum(axis=1, keepdims=True)
    return found
