"""What pushes have brought, and what another threshold would have: against the points at which they were withheld.

A point that sends with chance p and brings y, of which m was to be expected, speaks of what sending adds there with
(y - m)(a - p)/(p (1 - p)). Weighed with p that is what the pushes that were sent have added, and with q - p what is
gained by sending with chance q: points that both would treat alike say nothing, and cost no width. Users are the unit,
as what one does counts at each of his points; bounds are those of variants (variant_verdict.py), for every look.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.push.push_prices import SEND
from tideline.udfs.core.push.sending import EXPLORE
from tideline.udfs.core.variants.variant_shares import PARTS
from tideline.udfs.core.variants.variant_verdict import bounds_of, difference_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_EVENTS = 50
"""Points that sent and points that withheld, each with something brought, before anything is said of them."""
LARGEST_OFFSET = 3.5
"""Standard errors that the number of pushes sent may lie from what the chances say."""


class PushLog(NamedTuple):
    """Decision points in the order of time: whose, whether it sent, chance of 256, value in 2^-24 worth, what came."""

    user: NDArray[np.int64]
    sent: NDArray[np.bool_]
    chance: NDArray[np.int64]
    value: NDArray[np.int64]
    worth: NDArray[np.float64]
    """All that the user brought within the horizon, less what a push costs where it was sent."""

    def only(self, which: NDArray[np.bool_]) -> PushLog:
        """Return the points of some, such as those of a campaign."""
        user, sent, chance, value, worth = self
        return PushLog(user[which], sent[which], chance[which], value[which], worth[which])


class Brought(NamedTuple):
    """What the pushes of a log added in all, in worth; bounds are infinite while too little happened to say."""

    points: int
    sent: int
    users: int
    total: float
    low: float
    high: float


class Threshold(NamedTuple):
    """What another threshold would have gained at the points of a log, each as it was; `refused` says why it is not."""

    changed: int
    """Points that it would treat otherwise."""
    pushes: float
    """So many more it would send, in expectation."""
    gain: float = math.nan
    low: float = -math.inf
    high: float = math.inf
    refused: str | None = None


def brought_by(log: PushLog) -> Brought:
    """Return what the pushes of a log have added to what was brought anyway."""
    if not log.user.size:
        return Brought(0, 0, 0, 0.0, -math.inf, math.inf)
    total, low, high = _summed(log, _speaks(log) * log.chance / PARTS)
    if _events(log) < LEAST_EVENTS:
        low, high = -math.inf, math.inf
    return Brought(log.user.size, int(log.sent.sum()), np.unique(log.user).size, total, low, high)


def another_threshold(log: PushLog, least: int) -> Threshold:
    """Return what is gained where pushes worth more than `least`, in 2^-24 worth, are sent with the usual chance.

    All others are sent as seldom as ever. What a push changes at later points of its user is not in it: caps and what
    came lately are those of the log. It is refused where the log cannot say: chances that were not drawn (points that
    were withheld are missing), or too little that came of the points that would be treated otherwise.
    """
    chance, target = log.chance / PARTS, np.where(log.value > least, SEND, np.minimum(log.chance, EXPLORE)) / PARTS
    moves = target != chance
    found = Threshold(int(moves.sum()), float((target - chance).sum()))
    spread = math.sqrt(float((chance * (1.0 - chance)).sum()))
    offset = abs(float((log.sent - chance).sum()))
    if offset > LARGEST_OFFSET * spread:
        told = f"{int(log.sent.sum()):,} of {log.user.size:,} points sent, and their chances say {chance.sum():,.0f}"
        return found._replace(refused=f"{told}: points are missing, or their chances are not those that were drawn")
    if not found.changed:
        return found._replace(gain=0.0, low=0.0, high=0.0)
    events = _events(log.only(moves))
    if events < LEAST_EVENTS:
        told = f"of the {found.changed:,} points that it would treat otherwise {events} brought something"
        return found._replace(refused=f"{told} where they sent, or where they withheld; at least {LEAST_EVENTS} must")
    gain, low, high = _summed(log, _speaks(log) * (target - chance))
    return found._replace(gain=gain, low=low, high=high)


def _speaks(log: PushLog) -> NDArray[np.float64]:
    """Return what each point says of what sending adds; what is expected is the mean of what came before it."""
    chance = log.chance / PARTS
    before = np.cumsum(log.worth) - log.worth
    expected = before / np.maximum(np.arange(log.worth.size), 1)
    found: NDArray[np.float64] = (log.worth - expected) * (log.sent - chance) / (chance * (1.0 - chance))
    return found


def _summed(log: PushLog, of_points: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the sum over users with its bounds."""
    of_user = np.bincount(np.unique(log.user, return_inverse=True)[1], of_points).astype(np.float64)
    low, high = bounds_of(difference_of(of_user))
    return float(of_user.sum()), low * of_user.size, high * of_user.size


def _events(log: PushLog) -> int:
    """Return at how many points something came, of those that sent or of those that withheld: the fewer."""
    some = log.worth != 0.0
    return min(int((some & log.sent).sum()), int((some & ~log.sent).sum()))
