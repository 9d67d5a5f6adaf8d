"""Whether to send at a decision point: by a chance that is neither none nor all, drawn from what names the point.

The chance is how likely sending is worth its price, by what is known and how well (Thompson 1933), within bounds. So
each decision could have gone the other way, and the log can say what would have come of it; the same point is drawn
alike by every restore.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.push.push_prices import SEND, value_codes
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXPLORE = 8
"""Chance, of 256, that a push is sent at least: what is thought of it may be wrong by now."""
SCARCE = 1
"""The same where there is a price: what is sent so takes the room of a push that is worth more."""
LEARN = PARTS // 2
"""The chance while it is not known what pushes add: nothing tells faster."""
NO_PUSH = 13
"""Of 256 users so many are never pushed: what all pushes together bring is seen against them."""
_STREAM_HELD, _STREAM_SENT = 6, 7


class Sending(NamedTuple):
    """What was decided at N points: whether to send, with which chance of 256, the code of the value."""

    sent: NDArray[np.bool_]
    chance: NDArray[np.int64]
    code: NDArray[np.uint8]


def held_out(users: NDArray[np.uint64], salt: int) -> NDArray[np.bool_]:
    """Return which users (hash64 of their ids) are never pushed, today as ever."""
    points = uniform(users ^ np.uint64(salt), 1, _STREAM_HELD)[:, 0]
    found: NDArray[np.bool_] = np.floor(points * PARTS) < NO_PUSH
    return found


def decide(
    values: NDArray[np.int64],
    widths: NDArray[np.int64],
    prices: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    *,
    known: bool,
) -> Sending:
    """Return what is decided where sending is worth `values` and must be worth more than `prices`, in 2^-24 worth.

    `widths` are the standard errors of the values; 0: they are certain. A seed is of user, local day and number within
    it (`decision_seeds`).
    """
    # Values are whole numbers: half a unit above the price is worth it, half a unit below it is not.
    above = (values - np.maximum(prices, 0) - 0.5) / np.maximum(widths, 0.05)
    likely = 0.5 * np.vectorize(math.erfc, otypes=[np.float64])(-above / math.sqrt(2.0)) * PARTS
    worth_it = np.clip(np.rint(likely), np.where(prices > 0, SCARCE, EXPLORE), SEND).astype(np.int64)
    chance = worth_it if known else np.full(values.size, LEARN)
    sent = np.floor(uniform(seeds, 1, _STREAM_SENT)[:, 0] * PARTS) < chance
    return Sending(sent, chance, value_codes(values))
