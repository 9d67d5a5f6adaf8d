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


def draws(seeds: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return what is drawn of 256 at points: sent is where this is below the chance of sending.

    A seed is of user, local day and number within it (`decision_seeds`).
    """
    found: NDArray[np.int64] = np.floor(uniform(seeds, 1, _STREAM_SENT)[:, 0] * PARTS).astype(np.int64)
    return found


def chance_of(value: int, width: int, price: int) -> int:
    """Return the chance, of 256, of sending what is worth `value` and must be worth more than `price`, in 2^-24 worth.

    `width` is the standard error of the value; 0: it is certain.
    """
    # Values are whole numbers: half a unit above the price is worth it, half a unit below it is not.
    above = (value - max(price, 0) - 0.5) / max(width, 0.05)
    likely = 0.5 * math.erfc(-above / math.sqrt(2.0)) * PARTS
    return min(max(round(likely), SCARCE if price > 0 else EXPLORE), SEND)


def decide(
    values: NDArray[np.int64],
    widths: NDArray[np.int64],
    prices: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    *,
    known: bool,
) -> Sending:
    """Return what is decided at points, as `chance_of` has it of each and `draws` draws it."""
    worth_it = np.vectorize(chance_of, otypes=[np.int64])
    chance = worth_it(values, widths, prices) if known else np.full(values.size, LEARN)
    return Sending(draws(seeds) < chance, chance, value_codes(values))
