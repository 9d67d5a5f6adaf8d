"""The hidden response: how likely a household is to click a coupon, estimated from what was really redeemed.

Estimated is the chance that a household to which a campaign was sent redeems a coupon of one of its offers, as a
logistic function of the campaign's type and of the household's share of spending in the offer's categories before the
campaign began:

    logit P(redeem) = level[type] + slope * log(1 + share / SHARE_UNIT)

Clicks were not recorded. Assumed is that they are `clicks_per_redemption` times as frequent, so many that a list in
random order would have a click rate of `MEAN_CLICK_RATE` if every entry were looked at; and that a clicked coupon is
redeemed with the rest of the probability, so that clicks that end in a conversion are as frequent as redemptions are.

Nothing of this is known to the ranker. It sees the events that follow from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tideline.scripts.simulation.demo_error import DemoError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAMPAIGN_TYPES = ("A", "B", "C")
SHARE_UNIT = 0.001
MEAN_CLICK_RATE = 0.03
MAX_CLICK_RATE = 0.6

# A household redeems too seldom for its own level; this keeps the fit finite where a type has no redemption at all.
_RIDGE = 1e-3
_MAX_STEPS = 50
_CONVERGED = 1e-9


@dataclass(frozen=True, slots=True)
class Response:
    """The estimate."""

    level: NDArray[np.float64]
    """One for each of `CAMPAIGN_TYPES`."""
    slope: float

    def redemption(self, share: NDArray[np.float64], kind: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the chance of redeeming; `share` 0..1 and `kind` (index of a type) of shapes that broadcast."""
        return _sigmoid(self.level[kind] + self.slope * _scaled(share))


@dataclass(frozen=True, slots=True)
class Clicks:
    """What a visitor does with an entry he looks at: arrays [household, offer]."""

    click: NDArray[np.float64]
    """Chance of a click."""
    conversion: NDArray[np.float64]
    """Chance that a click ends in a conversion."""
    clicks_per_redemption: float


def fit_response(share: NDArray[np.float64], kind: NDArray[np.int64], redeemed: NDArray[np.bool_]) -> Response:
    """Return the most likely response for observed pairs of household and offer (arrays of equal length).

    Raises:
        DemoError: the pairs do not determine one.
    """
    inputs = np.column_stack([kind[:, None] == np.arange(len(CAMPAIGN_TYPES)), _scaled(share)]).astype(np.float64)
    weights = np.zeros(inputs.shape[1])
    for _ in range(_MAX_STEPS):
        expected = _sigmoid(inputs @ weights)
        slope = inputs.T @ (redeemed - expected) - _RIDGE * weights
        curvature = (inputs * (expected * (1 - expected))[:, None]).T @ inputs + _RIDGE * np.eye(weights.size)
        step = np.linalg.solve(curvature, slope)
        weights += step
        if np.abs(step).max() < _CONVERGED:
            return Response(weights[:-1], float(weights[-1]))
    raise DemoError(f"the response model did not converge on {redeemed.size} pairs, {int(redeemed.sum())} redeemed")


def clicks_of(redemption: NDArray[np.float64]) -> Clicks:
    """Return clicks and conversions for chances of redeeming, an array [household, offer]."""
    factor = MEAN_CLICK_RATE / float(redemption.mean())
    click = np.minimum(redemption * factor, MAX_CLICK_RATE)
    return Clicks(click, np.minimum(redemption / click, 1.0), factor)


def _scaled(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log1p(share / SHARE_UNIT))


def _sigmoid(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-score)))
