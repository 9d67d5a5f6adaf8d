"""How often each position of a list is looked at, from lists in which exploration decided who stands above whom.

Two neighbours of a list, c above d, are a draw between (c, d) and (d, c) whose chances the log knows. Weighted by what
makes both orders equally likely, the same activities in the same contexts stand in both positions, so a difference in
clicks is the positions' own. A list is explored position by position (ranking.py): the best of the R that remain with
probability 1 - e + e/R, each other one with e/R. Of two activities that are neighbours below a given list

- neither is the best of what remains: both orders explore both positions and are equally likely;
- one is the best: below the other one it is the best still, so one order explores the upper position and not the lower
  one, chance e/R (1 - e + e/(R - 1)), whichever the other one is. The opposite order is weighted down to that chance.

Position-based model: P(click) = examined(position) relevance(activity, context), so that the ratio of weighted clicks
in neighbouring positions is that of their examination (swap intervention, Joachims, Swaminathan and Schnabel 2017;
weights for partly random lists as above). Cascade: who looks at a position looks at the next one with a probability
that depends on whether he clicked (Guo, Liu and Wang 2009; the plain cascade of Craswell et al. 2008 has 1 without and
0 after a click). Intervals: 95 %, of the logarithm, linearised, users being independent.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.rewards.swap_sums import STEPS, Pairs, StepSums, SwapSums

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

LEAST_CLICKS = 20.0
"""Effective number of clicks in each of two positions, or expected in the lower one, below which nothing is said."""
_Z_95 = 1.959964
_MOST_OF_NONE = 3.69
"""Expected number of events of which there are none with probability 0.025."""
_SAME = 1e-6


def examination_discount(positions: Sequence[float]) -> tuple[int, ...]:
    """Return, by position, the hundredths by which an impression counts less than whole, as often as it is looked at.

    Positions below the last one named are as it is; none named: every impression counts whole.

    >>> examination_discount([1, 0.8, 0.5])[:5]
    (0, 20, 50, 50, 50)
    """
    every = [*positions, *([positions[-1]] if positions else [1.0]) * MAX_POSITIONS][:MAX_POSITIONS]
    return tuple(round(100 * (1.0 - position)) for position in every)


class ShownEntries(NamedTuple):
    """Columns [N], one row for each entry that was on screen, in any order."""

    user: NDArray[np.int64]
    shown_list: NDArray[np.int64]
    position: NDArray[np.int64]
    action: NDArray[np.int64]
    click: NDArray[np.float64]
    explored: NDArray[np.bool_]
    propensity: NDArray[np.float64]
    """Probability of the entry given those above it, NaN where it is not known: such rows say nothing."""
    eligible: NDArray[np.int64]
    """How many activities could have been shown at the top of its list."""


class Share(NamedTuple):
    """A probability or a ratio of two with its 95 % interval; None where the log cannot say."""

    value: float | None
    low: float | None
    high: float | None


UNKNOWN = Share(None, None, None)


class Examination(NamedTuple):
    """What the swaps of a log say of K positions; `swaps` [K - 1] is the weighted number of pairs behind each step."""

    examined: list[Share]
    """Position-based: of each position [K] relative to the first one, which is 1."""
    swaps: list[float]
    continuation: list[Share]
    """Cascade: chance [K - 1] that one who looked at a position and did not click looks at the next."""
    continuation_after_click: Share
    """The same after a click, over all positions. Users who click more than others on everything raise it."""


def examination(parts: Iterable[ShownEntries]) -> Examination:
    """Estimate both models; a position is known if every position above it is. Nothing shown: no positions.

    `parts` are gone through twice; no user is in two of them, and positions are below MAX_POSITIONS.
    """
    positions, sums, steps = 0, SwapSums(), StepSums()
    for shown in parts:
        positions = max(positions, int(shown.position.max(initial=-1)) + 1)
        sums.add(_pairs(shown))
    examined = _examined(sums, positions)
    relevance = sums.relevance(np.array([share.value or 0.0 for share in examined]))
    for shown in parts:
        steps.add(_pairs(shown), relevance)
    return Examination(
        examined,
        sums.pairs[: max(positions - 1, 0)].tolist(),
        [_step(*steps.of(position)) for position in range(positions - 1)],
        _step(*steps.of(STEPS)),
    )


def _examined(sums: SwapSums, positions: int) -> list[Share]:
    examined, share = [Share(1.0, 1.0, 1.0)][:positions], np.zeros(2 * STEPS)
    logarithm = 0.0
    for position in range(positions - 1):
        sides = np.array([position, position + STEPS])
        if min(_effective(float(sums.clicks[at]), float(sums.squares[at])) for at in sides) < LEAST_CLICKS:
            return examined + [UNKNOWN] * (positions - 1 - position)
        above, below = sums.clicks[sides].tolist()
        share[sides] = -1.0 / above, 1.0 / below
        logarithm += math.log(below / above)
        examined.append(_share(logarithm, sums.variance(share)))
    return examined


def _pairs(shown: ShownEntries) -> Pairs:
    order = np.lexsort((shown.position, shown.shown_list))
    upper, lower = order[:-1], order[1:]
    known = np.isfinite(shown.propensity)
    neighbours = (
        (shown.shown_list[upper] == shown.shown_list[lower])
        & (shown.position[lower] == shown.position[upper] + 1)
        & known[upper]
        & known[lower]
        & (shown.eligible[upper] > shown.position[lower])
    )
    upper, lower = upper[neighbours], lower[neighbours]
    weight = _weights(shown, upper, lower)
    some = weight > 0.0
    upper, lower = upper[some], lower[some]
    return Pairs(
        shown.position[upper],
        shown.user[upper],
        weight[some],
        shown.click[upper],
        shown.click[lower],
        shown.action[upper],
        shown.action[lower],
    )


def _weights(shown: ShownEntries, upper: NDArray[np.int64], lower: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the weight of each pair that makes both its orders equally likely, at most about 1."""
    remaining = (shown.eligible[upper] - shown.position[upper]).astype(np.float64)
    chance = shown.propensity[upper]
    explored = shown.explored[upper]
    unexplored_share = (1.0 - chance) * remaining / (remaining - 1.0)
    share = np.where(explored, chance * remaining, unexplored_share)
    share = np.where(np.abs(chance * remaining - 1.0) < _SAME, 1.0, share)  # all random: nothing is the best
    rarer = share / remaining * (1.0 - share + share / (remaining - 1.0))
    weight: NDArray[np.float64] = np.where(explored, 1.0, rarer / (chance * shown.propensity[lower]))
    return weight


def _effective(clicks: float, squares: float) -> float:
    return clicks**2 / squares if squares else 0.0


def _share(logarithm: float, variance: float) -> Share:
    radius = _Z_95 * math.sqrt(variance)
    return Share(math.exp(logarithm), math.exp(logarithm - radius), math.exp(logarithm + radius))


def _step(seen: float, given: float, variance: float) -> Share:
    """Return the chance that one who looked at the upper position looks at the lower one."""
    if given < LEAST_CLICKS:
        return UNKNOWN
    value, radius = seen / given, _Z_95 * math.sqrt(variance) / given
    return Share(value, max(value - radius, 0.0), max(value + radius, _MOST_OF_NONE / given))
