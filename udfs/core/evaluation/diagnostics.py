"""Whether a log can answer at all: size of the weights, support, and the refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.evaluation.columns.row_parts import ClusterSums, quantiles, stretches, summed
from tideline.udfs.core.evaluation.intervals import rare

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.estimators import Judged
    from tideline.udfs.core.evaluation.log import LoggedFeedback

LEAST_ESS = 1000.0
LEAST_SUPPORT = 0.999
LARGEST_OFFSET = 3.0
"""Standard errors that the mean weight may lie from 1."""
DOUBTED_OFFSET = 2.5
_EXACT = 1e-9
_DIGITS, _SINGLE, _MOST_ROUNDED = 13, 2.0**-23, 0.02


class Diagnostics(NamedTuple):
    """What the weights of a log say about it."""

    rows: int
    decisions: int
    ess: float
    """Effective sample size (sum w)^2 / sum w^2."""
    mean_weight: float
    mean_weight_error: float
    """Its standard error, users (decisions where these are not known) being independent."""
    rounding: float
    """What it may be off by because propensities are rounded."""
    max_weight: float
    clipped: float
    """Share of rows whose weight Switch-DR cuts off."""
    support: float
    """Share of the target's probability on arms that the log shows at all."""


def ess(weight: NDArray[np.float64]) -> float:
    """Return (sum w)^2 / sum w^2, 0 where all are 0.

    >>> ess(np.array([1.0, 1.0, 1.0, 1.0])), round(ess(np.array([7.0, 1.0, 1.0, 1.0])), 2)
    (4.0, 1.92)
    """
    return ess_of(float(weight.sum()), float(np.square(weight).sum()))


def ess_of(total: float, squares: float) -> float:
    """Return `ess` from the sums of weights and of their squares."""
    return total**2 / squares if squares else 0.0


def rounding(log: LoggedFeedback) -> float:
    """Return the relative error that the file's own precision brings into propensities: decimal digits, or float32.

    It is what a mean weight may be off by for nothing but that; at most 0.02, beyond which nothing is excused.
    """
    digits, single = list(range(1, _DIGITS)), True
    for rows in stretches(log.rows, log.memory):
        values = np.unique(log.propensity[rows])
        digits = [each for each in digits if (np.round(values, each) == values).all()]
        single = single and bool((values.astype(np.float32) == values).all())
    if digits:
        total = summed(log.rows, log.memory, lambda rows: [0.5 * 10.0 ** -digits[0] / log.propensity[rows]])
        return min(float(total[0]) / log.rows, _MOST_ROUNDED)
    return _SINGLE if single else 0.0


def diagnose(log: LoggedFeedback, weight: NDArray[np.float64], support: float, limit: float) -> Diagnostics:
    """Return the diagnostics of row weights; `limit` is where Switch-DR cuts off."""

    def columns(rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        its = weight[rows]
        return its, np.square(its), (its > limit).astype(np.float64)

    total, squares, clipped = summed(log.rows, log.memory, columns).tolist()
    mean = total / log.rows
    return Diagnostics(
        log.rows,
        log.decisions,
        ess_of(total, squares),
        mean,
        error_of_mean(log, lambda rows: weight[rows], mean),
        mean * rounding(log),
        max(float(weight[rows].max()) for rows in stretches(log.rows, log.memory)),
        clipped / log.rows,
        support,
    )


def error_of_mean(
    log: LoggedFeedback, of_rows: Callable[[NDArray[np.int64]], NDArray[np.float64]], mean: float
) -> float:
    """Return the standard error of a mean over rows, users or decisions being independent."""
    apart = ClusterSums(log.clusters, log.cluster, log.memory, lambda rows: of_rows(rows) - mean)
    return float(np.sqrt(apart.sums(lambda each: [np.square(each)])[0])) / log.rows


def reward_range(log: LoggedFeedback) -> tuple[float, float]:
    """Return bounds of the rewards: what was seen, 0 and 1 for rewards of 0 and 1."""
    ends = [(float(log.reward[rows].min()), float(log.reward[rows].max())) for rows in stretches(log.rows, log.memory)]
    low, high = min(0.0, *(each for each, _ in ends)), max(0.0, *(each for _, each in ends))
    return low, high if high > low else low + 1.0


def unseen(log: LoggedFeedback, rows: Judged) -> tuple[float, float]:
    """Return how far below and above an estimate the truth may lie because next to no reward differs from the usual."""
    low, high = reward_range(log)
    usual = quantiles(log.rows, log.memory, lambda at: log.reward[at], [0.5])[0]
    apart = ClusterSums(log.clusters, log.cluster, log.memory, lambda at: rows.weight[at] * (log.reward[at] - usual))
    total, squares = summed(log.rows, log.memory, lambda at: [rows.weight[at], np.square(rows.weight[at])]).tolist()
    share = max(ess_of(total, squares) / log.rows, 1.0 / log.rows)
    return rare(lambda: (each / log.rows for each in apart.parts()), (high - low) / (log.clusters * share))


def refusal(found: Diagnostics) -> str | None:
    """Return why the log cannot answer; None where it can. Weights say nothing more where support is missing."""
    if found.support < LEAST_SUPPORT:
        share = 1.0 - found.support
        return cannot(f"missing support: {share:.1%} of the policy's choices are arms that the log never shows")
    reasons = []
    offset = abs(found.mean_weight - 1.0)
    if offset > LARGEST_OFFSET * found.mean_weight_error + found.rounding + _EXACT:
        reasons.append(
            f"the mean weight is {found.mean_weight:.4g}, more than {LARGEST_OFFSET:.0f} standard errors "
            f"({found.mean_weight_error:.2g}) from 1: propensities are wrong or support is missing"
        )
    if found.ess < LEAST_ESS:
        reasons.append(
            f"the effective sample size is {found.ess:.0f} of {found.rows:,} rows, below {LEAST_ESS:,.0f}: the policy "
            "is too unlike the one that was logged"
        )
    return cannot("; ".join(reasons)) if reasons else None


def doubts(
    log: LoggedFeedback, found: Diagnostics, apart: Callable[[NDArray[np.int64]], NDArray[np.float64]]
) -> tuple[str, ...]:
    """Return why the answer is to be doubted; `apart` is ips less dr of rows, whose mean is 0 but for chance."""
    said = []
    offset = abs(found.mean_weight - 1.0) - found.rounding - _EXACT
    if offset > DOUBTED_OFFSET * found.mean_weight_error:
        said.append(
            f"the mean weight is {found.mean_weight:.4g}, with a standard error of {found.mean_weight_error:.2g}; it "
            "should be 1: propensities may be wrong"
        )

    def columns(rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        its = apart(rows)
        return its, np.abs(its)

    mean, size = (summed(log.rows, log.memory, columns) / log.rows).tolist()
    error = error_of_mean(log, apart, mean)
    if abs(mean) > LARGEST_OFFSET * error + found.rounding * size + _EXACT:
        said.append(
            f"ips is {abs(mean):.4g} {'above' if mean > 0 else 'below'} dr, with a standard error of {error:.2g}: "
            "propensities are wrong, so that ips is too, or depend on what is not in the log"
        )
    return tuple(said)


def cannot(reason: str) -> str:
    """Return a refusal as it is reported."""
    return f"the log cannot answer this: {reason}"
