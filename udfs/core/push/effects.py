"""What a push adds to what its user brings within the horizon, by his context: solved from exact sums.

With f the context and recent pushes, a = 1 where it was sent with chance p, d = a - p and r what was brought:
m = (k I + sum f f')^-1 sum r f is what users bring anyway, and the effect per unit of f is
(k I + sum d^2 f f')^-1 (sum d r f - sum d f f' m). d has mean 0 whatever p is, so a wrong m costs width and no bias.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.fixed_point import THETA_UNIT, X_UNIT, in_units
from tideline.udfs.core.learning.solving import fixed, symmetric
from tideline.udfs.core.push.effect_sums import (
    EFFECT_DIM,
    EFFECT_UPPER,
    MOST_RECENT,
    features,
    weighed_effects,
)
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.learning.learning import Decay

_RIDGE = 2.0
_REWARD_UNITS = np.array([1.0, 1.0, 0.001])
_LEAST_OF_EACH = 200.0
_PRIOR_SENDS = 1_000.0
_PRIOR_RATE = 0.001
_MOST = 2.0**60
"""Below the price where there is no room."""


class Effects(NamedTuple):
    """What is known of pushes: theta [objectives, EFFECT_DIM] in THETA_UNIT; rate of unsubscribing [8] by recent ones.

    `known` says whether enough was sent and withheld to tell them apart; values are counts of decision points by code.
    """

    theta: NDArray[np.int64]
    unsubscribing: NDArray[np.float64]
    values: NDArray[np.float64]
    known: bool


def effects_of(sums: NDArray[Any], decay: Decay) -> Effects:
    """Return what sums (dtype EFFECT_SUMS) say: the same bits for the same sums."""
    numbers = weighed_effects(sums, decay)
    sends = numbers["sends"]
    return Effects(
        fixed(_theta(numbers)),
        unsubscribe_rates(sends, numbers["unsubscribed"]),
        numbers["values"],
        bool(min(float(sends.sum()), float(numbers["withheld"])) >= _LEAST_OF_EACH),
    )


def _theta(numbers: NDArray[Any]) -> NDArray[np.float64]:
    design, tilt, base = (symmetric(numbers[name] * X_UNIT**2, EFFECT_UPPER) for name in ("design", "tilt", "base"))
    centred, brought = (numbers[name] * X_UNIT * _REWARD_UNITS[:, None] for name in ("centred", "brought"))
    ridge = _RIDGE * np.eye(EFFECT_DIM)
    anyway = np.linalg.solve(base + ridge, brought.T)
    found: NDArray[np.float64] = np.linalg.solve(design / PARTS**2 + ridge, (centred.T - tilt @ anyway) / PARTS).T
    return found


def unsubscribe_rates(sends: NDArray[np.float64], unsubscribed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance that a push makes its user unsubscribe [8], by how many came in the seven days before it.

    The means of Beta posteriors around the rate of all pushes, which begins at one in a thousand.

    >>> unsubscribe_rates(np.zeros(8), np.zeros(8)).tolist() == [0.001] * 8
    True
    """
    pooled = (unsubscribed.sum() + _PRIOR_SENDS * _PRIOR_RATE) / (sends.sum() + _PRIOR_SENDS)
    found: NDArray[np.float64] = (unsubscribed + _PRIOR_SENDS * pooled) / (sends + _PRIOR_SENDS)
    return np.clip(found, 0.0, 1.0)


class Costs(NamedTuple):
    """What counts: worth of a click, a conversion and a unit of revenue, of a push itself and of a subscription."""

    weights: tuple[float, float, float]
    push: float = 0.0
    subscription: float = 0.0


def push_values(effects: Effects, costs: Costs, x: NDArray[np.int8], recent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what sending is worth over withholding [N], all costs off, in 2^-24 worth: a sum of whole numbers each.

    x [N, DIM] are contexts, `recent` [N] the pushes of the seven days before.
    """
    theta = in_units(np.array(costs.weights) @ effects.theta.astype(np.float64))
    gain = features(x, recent).astype(np.float64) @ theta
    cost = in_units((costs.push + costs.subscription * effects.unsubscribing) / THETA_UNIT)
    found = np.rint(gain * X_UNIT - cost[np.minimum(recent, MOST_RECENT)])
    values: NDArray[np.int64] = np.clip(found, -_MOST, _MOST).astype(np.int64)
    return values
