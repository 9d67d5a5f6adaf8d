"""What pushes have brought: against the points at which they were withheld, with bounds that hold at every look.

A point that sends with chance p and brings y, of which m was to be expected, speaks with (y - m)(a - p)/(1 - p), whose
mean is p times what sending adds there: summed over all points, what the pushes that were sent have added. Users are
the unit, as what one does counts at each of his points; the bounds are those of variants (variant_verdict.py).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.variants.variant_shares import PARTS
from tideline.udfs.core.variants.variant_verdict import bounds_of, difference_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_EVENTS = 50
"""Points that sent and points that withheld, each with something brought, before bounds are given."""


class PushLog(NamedTuple):
    """Decision points in the order of time: whose, whether it sent, with which chance of 256, what came within H."""

    user: NDArray[np.int64]
    sent: NDArray[np.bool_]
    chance: NDArray[np.int64]
    worth: NDArray[np.float64]


class Brought(NamedTuple):
    """What the pushes of a log added in all, in worth; bounds are infinite while too little happened to say."""

    points: int
    sent: int
    users: int
    total: float
    low: float
    high: float


def brought_by(log: PushLog) -> Brought:
    """Return what the pushes of a log have added to what was brought anyway."""
    points, sent = log.user.size, int(log.sent.sum())
    if not points:
        return Brought(0, 0, 0, 0.0, -math.inf, math.inf)
    chance = log.chance / PARTS
    before = np.cumsum(log.worth) - log.worth
    expected = before / np.maximum(np.arange(points), 1)
    speaks = (log.worth - expected) * (log.sent - chance) / (1.0 - chance)
    of_user = np.bincount(np.unique(log.user, return_inverse=True)[1], speaks).astype(np.float64)
    low, high = bounds_of(difference_of(of_user))
    some = log.worth != 0.0
    if min(int((some & log.sent).sum()), int((some & ~log.sent).sum())) < LEAST_EVENTS:
        low, high = -math.inf, math.inf
    users = of_user.size
    return Brought(points, sent, users, float(of_user.sum()), low * users, high * users)
