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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_CLICKS = 20.0
"""Effective number of clicks in each of two positions, or expected in the lower one, below which nothing is said."""
_Z_95 = 1.959964
_MOST_OF_NONE = 3.69
"""Expected number of events of which there are none with probability 0.025."""
_PRIOR_IMPRESSIONS = 20.0
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


class _Pairs(NamedTuple):
    """Neighbours in a list: columns [M] of position, user, weight, and of the upper and the lower entry."""

    position: NDArray[np.int64]
    user: NDArray[np.int64]
    weight: NDArray[np.float64]
    above: NDArray[np.float64]
    below: NDArray[np.float64]
    action_above: NDArray[np.int64]
    action_below: NDArray[np.int64]


def examination(shown: ShownEntries) -> Examination:
    """Estimate both models; a position is known if every position above it is. Nothing shown: no positions."""
    positions = int(shown.position.max(initial=-1)) + 1
    pairs = _pairs(shown)
    examined, spread = [Share(1.0, 1.0, 1.0)][:positions], np.zeros(int(shown.user.max(initial=-1)) + 1)
    logarithm = 0.0
    for position in range(positions - 1):
        step = _ratio(_at(pairs, position), spread.size)
        if step is None:
            examined += [UNKNOWN] * (positions - 1 - position)
            break
        logarithm, spread = logarithm + step[0], spread + step[1]
        examined.append(_share(logarithm, spread))
    swaps = np.bincount(pairs.position, pairs.weight, max(positions - 1, 0))
    relevance = _relevance(pairs, examined)
    return Examination(
        examined,
        swaps.tolist(),
        [_step(_at(pairs, position), relevance, spread.size, clicked=False) for position in range(positions - 1)],
        _step(pairs, relevance, spread.size, clicked=True),
    )


def _pairs(shown: ShownEntries) -> _Pairs:
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
    return _Pairs(
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


def _at(pairs: _Pairs, position: int) -> _Pairs:
    here = pairs.position == position
    return _Pairs._make(column[here] for column in pairs)


def _ratio(pairs: _Pairs, users: int) -> tuple[float, NDArray[np.float64]] | None:
    """Return log(weighted clicks below / above) and what each user [users] adds to it; None of too few clicks."""
    above, below = pairs.weight * pairs.above, pairs.weight * pairs.below
    if min(_effective(above), _effective(below)) < LEAST_CLICKS:
        return None
    influence = np.bincount(pairs.user, below / below.sum() - above / above.sum(), users)
    return math.log(below.sum() / above.sum()), influence.astype(np.float64, copy=False)


def _effective(clicks: NDArray[np.float64]) -> float:
    squares = float(np.square(clicks).sum())
    return float(clicks.sum()) ** 2 / squares if squares else 0.0


def _share(logarithm: float, influence: NDArray[np.float64]) -> Share:
    radius = _Z_95 * math.sqrt(float(np.square(influence).sum()))
    return Share(math.exp(logarithm), math.exp(logarithm - radius), math.exp(logarithm + radius))


def _relevance(pairs: _Pairs, examined: list[Share]) -> NDArray[np.float64]:
    """Return the click rate of each activity where it is looked at, drawn to that of all."""
    looked = np.array([share.value or 0.0 for share in examined])
    action = np.concatenate([pairs.action_above, pairs.action_below])
    position = np.concatenate([pairs.position, pairs.position + 1])
    weight = np.concatenate([pairs.weight, pairs.weight]) * (looked[position] > 0.0)
    clicks = np.bincount(action, weight * np.concatenate([pairs.above, pairs.below]))
    impressions = np.bincount(action, weight * looked[position])
    usual = clicks.sum() / max(float(impressions.sum()), 1.0)
    found: NDArray[np.float64] = (clicks + _PRIOR_IMPRESSIONS * usual) / (impressions + _PRIOR_IMPRESSIONS)
    return found


def _step(pairs: _Pairs, relevance: NDArray[np.float64], users: int, *, clicked: bool) -> Share:
    """Return the chance that one who looked at the upper position looks at the lower one, after a click or without.

    Over both orders of a pair, sum w click(c) (1 - relevance(d)) counts the same products as the lists in which c is
    not clicked and d would be if looked at; likewise sum w click(c) relevance(d) and those in which both are.
    """
    neighbour = relevance[pairs.action_below]
    given = pairs.weight * pairs.above * (neighbour if clicked else 1.0 - neighbour)
    seen = pairs.weight * pairs.below * (pairs.above if clicked else 1.0 - pairs.above)
    if given.sum() < LEAST_CLICKS:
        return UNKNOWN
    value = float(seen.sum() / given.sum())
    influence = np.bincount(pairs.user, seen - value * given, users) / given.sum()
    radius = _Z_95 * math.sqrt(float(np.square(influence).sum()))
    most = max(value + radius, float(_MOST_OF_NONE / given.sum()))
    return Share(value, max(value - radius, 0.0), most)
