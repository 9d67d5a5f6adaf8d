"""Estimators of a policy's value from weighted rows, each as the terms of a ratio of sums.

w = target probability / logged probability of the shown arm, q = modelled reward, V = sum_a target(a) q(a).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.evaluation.columns.row_parts import IN_MEMORY, quantiles, summed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.columns.row_parts import Memory


class Judged(NamedTuple):
    """Rows as an estimator needs them, [N] each."""

    weight: NDArray[np.float64]
    reward: NDArray[np.float64]
    modelled: NDArray[np.float64]
    """q of the shown arm."""
    expected: NDArray[np.float64]
    """V of the target policy."""

    def at(self, rows: NDArray[np.int64]) -> Judged:
        """Return some of the rows."""
        return Judged._make(each[rows] for each in self)


class Terms(NamedTuple):
    """An estimate = sum(top) / sum(bottom), rows [N] each."""

    top: NDArray[np.float64]
    bottom: NDArray[np.float64]

    @property
    def value(self) -> float:
        """The estimate; NaN where the bottom is 0."""
        return ratio(float(self.top.sum()), float(self.bottom.sum()))


def ratio(top: float, bottom: float) -> float:
    """Return top / bottom; NaN where the bottom is 0."""
    return top / bottom if bottom else float("nan")


def _mean(top: NDArray[np.float64]) -> Terms:
    return Terms(top, np.broadcast_to(1.0, top.shape))  # ones that take no memory


def ips(rows: Judged) -> Terms:
    """Inverse propensity score: mean w r (Horvitz and Thompson 1952)."""
    return _mean(rows.weight * rows.reward)


def snips(rows: Judged) -> Terms:
    """Self-normalised: sum w r / sum w (Swaminathan and Joachims 2015)."""
    return Terms(rows.weight * rows.reward, rows.weight)


def dm(rows: Judged) -> Terms:
    """Direct method: mean V."""
    return _mean(rows.expected)


def dr(rows: Judged) -> Terms:
    """Doubly robust: mean V + w (r - q) (Dudik et al. 2014)."""
    return _corrected(rows, rows.weight)


def switch_dr(rows: Judged, limit: float) -> Terms:
    """Doubly robust where w <= limit, else V (Wang et al. 2017)."""
    return _corrected(rows, np.where(rows.weight <= limit, rows.weight, 0.0))


def dros(rows: Judged, limit: float) -> Terms:
    """Doubly robust with optimistic shrinkage, w -> limit w / (w^2 + limit) (Su et al. 2020)."""
    return _corrected(rows, shrunk(rows.weight, limit))


def replay(matched: NDArray[np.float64], reward: NDArray[np.float64]) -> Terms:
    """Mean reward of the rows on which the target agrees with the log (Li et al. 2011); for uniform logging alone.

    `matched` is 0 or 1, or the target's probability of the shown arm in place of a draw with it.
    """
    return Terms(matched * reward, matched)


def shrunk(weight: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """Return the weights of `dros`; an infinite limit leaves them alone.

    >>> shrunk(np.array([0.5, 2.0, 50.0]), 4.0).round(2).tolist()
    [0.47, 1.0, 0.08]
    """
    return weight if np.isinf(limit) else limit * weight / (np.square(weight) + limit)


def _corrected(rows: Judged, weight: NDArray[np.float64]) -> Terms:
    return _mean(rows.expected + weight * (rows.reward - rows.modelled))


def candidate_limits(weight: NDArray[np.float64], memory: Memory = IN_MEMORY) -> list[float]:
    """Return weights to cut off at, the loosest (none) first."""
    found = quantiles(weight.size, memory, lambda rows: weight[rows], (0.999, 0.995, 0.99, 0.95))
    return [np.inf, *sorted(set(found), reverse=True)]


def choose(
    rows: Judged,
    estimator: Callable[[Judged, float], Terms],
    limits: Sequence[float],
    memory: Memory = IN_MEMORY,
) -> float:
    """Return the limit of the least estimated squared error: variance, and squared distance from the first limit's.

    The first limit is the one without bias. As in Wang et al. 2017, section 3.1, with that estimate in place of their
    bound on the bias.
    """
    size = rows.weight.size

    def tops(at: NDArray[np.int64]) -> list[NDArray[np.float64]]:
        some = rows.at(at)
        return [estimator(some, limit).top for limit in limits]

    values = (summed(size, memory, tops) / size).tolist()  # the bottoms are 1
    apart = summed(size, memory, lambda at: [np.square(top - mean) for top, mean in zip(tops(at), values, strict=True)])
    spreads = (apart / size / size).tolist()
    errors = [(value - values[0]) ** 2 + spread for value, spread in zip(values, spreads, strict=True)]
    return limits[int(np.argmin(errors))]
