"""Whether a log can answer at all: size of the weights, support, and the refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_ESS = 1000.0
LEAST_SUPPORT = 0.999
LARGEST_OFFSET = 3.0
"""Standard errors that the mean weight may lie from 1."""
_EXACT = 1e-9


class Diagnostics(NamedTuple):
    """What the weights of a log say about it."""

    rows: int
    decisions: int
    ess: float
    """Effective sample size (sum w)^2 / sum w^2."""
    mean_weight: float
    mean_weight_error: float
    """Its standard error, decisions being independent."""
    max_weight: float
    clipped: float
    """Share of rows whose weight Switch-DR cuts off."""
    support: float
    """Share of the target's probability on arms that the log shows at all."""


def ess(weight: NDArray[np.float64]) -> float:
    """Return (sum w)^2 / sum w^2, 0 where all are 0."""
    squares = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / squares if squares else 0.0


def diagnose(weight: NDArray[np.float64], decision: NDArray[np.int64], support: float, limit: float) -> Diagnostics:
    """Return the diagnostics of row weights; `limit` is where Switch-DR cuts off."""
    decisions = int(decision[-1]) + 1
    mean = float(weight.mean())
    apart = np.bincount(decision, weight - mean, decisions)
    error = float(np.sqrt(np.square(apart).sum())) / weight.size
    clipped = float((weight > limit).mean())
    return Diagnostics(
        weight.size, decisions, ess(weight), mean, error, float(weight.max(initial=0.0)), clipped, support
    )


def refusal(found: Diagnostics) -> str | None:
    """Return why the log cannot answer; None where it can. Weights say nothing more where support is missing."""
    if found.support < LEAST_SUPPORT:
        share = 1.0 - found.support
        return cannot(f"missing support: {share:.1%} of the policy's choices are arms that the log never shows")
    reasons = []
    offset = abs(found.mean_weight - 1.0)
    if offset > LARGEST_OFFSET * found.mean_weight_error + _EXACT:
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


def cannot(reason: str) -> str:
    """Return a refusal as it is reported."""
    return f"the log cannot answer this: {reason}"
