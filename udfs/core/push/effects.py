"""What a push adds to what its user brings within the horizon, by his context: solved from exact sums.

With f the context and recent pushes, a = 1 where it was sent with chance p, d = a - p and r what was brought:
m = (k I + sum f f')^-1 sum r f is what users bring anyway, and the effect per unit of f is
(k I + sum d^2 f f')^-1 (sum d r f - sum d f f' m). d has mean 0 whatever p is, so a wrong m costs width and no bias.
The effect at f has the variance f' (k I + sum d^2 f f')^-1 f times that of what a point brings. Of this no squares are
kept: clicks and conversions are counts, whose variance is their mean, and what a conversion brings is taken to vary as
much as its mean, as something exponential does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.context import CONSTANT_X
from tideline.udfs.core.fixed_point import INVERSE_UNIT, THETA_UNIT, X_UNIT, in_units, packed_inverse
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
    `inverse` is the inverse design of the effect, as `packed_inverse` has it; `usual` [objectives] what a point brings.
    """

    theta: NDArray[np.int64]
    unsubscribing: NDArray[np.float64]
    values: NDArray[np.float64]
    known: bool
    inverse: NDArray[np.int64]
    usual: NDArray[np.float64]


def effects_of(sums: NDArray[Any], decay: Decay) -> Effects:
    """Return what sums (dtype EFFECT_SUMS) say: the same bits for the same sums."""
    numbers = weighed_effects(sums, decay)
    sends = numbers["sends"]
    theta, inverse = _solved(numbers)
    points = max(float(numbers["values"].sum()), 1.0)
    return Effects(
        fixed(theta),
        unsubscribe_rates(sends, numbers["unsubscribed"]),
        numbers["values"],
        bool(min(float(sends.sum()), float(numbers["withheld"])) >= _LEAST_OF_EACH),
        packed_inverse(inverse),
        np.maximum(numbers["brought"][:, 0] * (_REWARD_UNITS / (CONSTANT_X * points)), 0.0),
    )


def _solved(numbers: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the effect and the inverse design that it is solved with."""
    design, tilt, base = (symmetric(numbers[name] * X_UNIT**2, EFFECT_DIM) for name in ("design", "tilt", "base"))
    centred, brought = (numbers[name] * X_UNIT * _REWARD_UNITS[:, None] for name in ("centred", "brought"))
    ridge = _RIDGE * np.eye(EFFECT_DIM)
    anyway = np.linalg.solve(base + ridge, brought.T)
    centred_design = design / PARTS**2 + ridge
    theta: NDArray[np.float64] = np.linalg.solve(centred_design, (centred.T - tilt @ anyway) / PARTS).T
    return theta, np.linalg.inv(centred_design)


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


def push_widths(effects: Effects, costs: Costs, x: NDArray[np.int8], recent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the standard errors of `push_values` [N], as far as they are of what a push adds, in 2^-24 worth."""
    f = features(x, recent)
    i, j = EFFECT_UPPER
    whole = (f[:, i] * f[:, j]) @ effects.inverse
    spread = np.sqrt(np.maximum(whole, 0) * (INVERSE_UNIT * X_UNIT**2 * _variance(effects.usual, costs)))
    widths: NDArray[np.int64] = np.rint(np.minimum(spread / THETA_UNIT, _MOST)).astype(np.int64)
    return widths


def _variance(usual: NDArray[np.float64], costs: Costs) -> float:
    """Return how much what a decision point brings varies, in squares of worth."""
    clicks, conversions, revenue = usual.tolist()
    click, conversion, money = costs.weights
    of_each = revenue / conversions if conversions > 0.0 else revenue
    worth = conversion**2 + 2.0 * conversion * money * of_each + 2.0 * (money * of_each) ** 2
    return float(click**2 * clicks + worth * (conversions or float(revenue > 0.0)))
