"""Whether a log can answer at all: size of the weights, support, and the refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    squares = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / squares if squares else 0.0


def rounding(propensity: NDArray[np.float64]) -> float:
    """Return the relative error that the file's own precision brings into propensities: decimal digits, or float32.

    It is what a mean weight may be off by for nothing but that; at most 0.02, beyond which nothing is excused.
    """
    values = np.unique(propensity)
    digits = next((each for each in range(1, _DIGITS) if (np.round(values, each) == values).all()), None)
    if digits is not None:
        return min(float((0.5 * 10.0**-digits / propensity).mean()), _MOST_ROUNDED)
    return _SINGLE if (values.astype(np.float32) == values).all() else 0.0


def diagnose(log: LoggedFeedback, weight: NDArray[np.float64], support: float, limit: float) -> Diagnostics:
    """Return the diagnostics of row weights; `limit` is where Switch-DR cuts off."""
    mean = float(weight.mean())
    apart = np.bincount(log.cluster, weight - mean)
    error = float(np.sqrt(np.square(apart).sum())) / weight.size
    clipped = float((weight > limit).mean())
    return Diagnostics(
        weight.size,
        log.decisions,
        ess(weight),
        mean,
        error,
        mean * rounding(log.propensity),
        float(weight.max(initial=0.0)),
        clipped,
        support,
    )


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


def doubts(log: LoggedFeedback, found: Diagnostics, apart: NDArray[np.float64]) -> tuple[str, ...]:
    """Return why the answer is to be doubted; `apart` is ips less dr by row, whose mean is 0 but for chance."""
    said = []
    offset = abs(found.mean_weight - 1.0) - found.rounding - _EXACT
    if offset > DOUBTED_OFFSET * found.mean_weight_error:
        said.append(
            f"the mean weight is {found.mean_weight:.4g}, with a standard error of {found.mean_weight_error:.2g}; it "
            "should be 1: propensities may be wrong"
        )
    mean = float(apart.mean())
    error = float(np.sqrt(np.square(np.bincount(log.cluster, apart - mean)).sum())) / apart.size
    rounded = found.rounding * float(np.abs(apart).mean())
    if abs(mean) > LARGEST_OFFSET * error + rounded + _EXACT:
        said.append(
            f"ips is {abs(mean):.4g} {'above' if mean > 0 else 'below'} dr, with a standard error of {error:.2g}: "
            "propensities are wrong, so that ips is too, or depend on what is not in the log"
        )
    return tuple(said)


def cannot(reason: str) -> str:
    """Return a refusal as it is reported."""
    return f"the log cannot answer this: {reason}"
