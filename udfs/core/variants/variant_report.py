"""What is known of an activity's variants: rates, differences with bounds, which is best, how many users are needed.

The unit is the user. All he brought counts for the variant he saw first, and weighs 1 / its share then: nothing that
came before him says which one that was, so whatever moved the shares, variants that do not differ seem alike. Where
shares move over users who come back, a difference seems smaller than it is. All pairs of variants are compared at once.
"""

from __future__ import annotations

import math
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.variants.variant_shares import LEAST, PARTS, chances_of_best, chances_of_best_mean, even_shares
from tideline.udfs.core.variants.variant_verdict import (
    LEAST_CLICKS,
    Difference,
    Leader,
    bounds_of,
    difference_of,
    leader_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST_USERS = 10**10
"""More than there are: a difference that needs so many is never found."""


class VariantVerdict(StrEnum):
    """What can be said of an activity's variants."""

    WINNER = "winner"
    ALIKE = "alike"
    UNDECIDED = "undecided"


class ShownVariants(NamedTuple):
    """Entries of one activity in order of time: whose, which variant, its share then, and what came of it."""

    user: NDArray[np.int64]
    variant: NDArray[np.int64]
    share: NDArray[np.float64]
    click: NDArray[np.float64]
    brought: NDArray[np.float64]
    """In the objective."""


class VariantFigures(NamedTuple):
    """One variant: users who saw it first, its share now, what one of them brings, how likely it is the best of all."""

    users: int
    clicks: int
    share: float
    rate: float
    likely_best: float
    difference: float
    """A user brings so much more with it than with the first one; 0 for the first."""
    low: float
    high: float


class VariantReport(NamedTuple):
    """All variants in their order; `best` is the number of the winner, None without one."""

    figures: tuple[VariantFigures, ...]
    verdict: VariantVerdict
    best: int | None
    users: int
    users_needed: int
    """In all, until a difference of the least that matters is found."""


class _Units(NamedTuple):
    """What each user brought, in order of their first entries, by the variant and share of that."""

    variant: NDArray[np.int64]
    share: NDArray[np.float64]
    click: NDArray[np.float64]
    brought: NDArray[np.float64]

    @classmethod
    def of(cls, shown: ShownVariants) -> _Units:
        _, first, which = np.unique(shown.user, return_index=True, return_inverse=True)
        click, brought = (_summed(which, values, first.size) for values in (shown.click, shown.brought))
        order = np.argsort(first, kind="stable")
        rows = first[order]
        return cls(shown.variant[rows], shown.share[rows], click[order], brought[order])

    def outcomes(self) -> NDArray[np.float64]:
        """Return by how much each speaks for its variant: what it brought less the mean before it, over its share."""
        before = np.cumsum(self.brought) - self.brought
        mean = before / np.maximum(np.arange(self.brought.size), 1)
        found: NDArray[np.float64] = (self.brought - mean) / self.share
        return found

    def difference(self, outcomes: NDArray[np.float64], first: int, second: int) -> Difference:
        """Return the sums of how much each user speaks for the second of two variants."""
        signed = outcomes * ((self.variant == second).astype(np.float64) - (self.variant == first))
        return difference_of(signed)


def report_variants(shown: ShownVariants, variants: int, *, binary: bool, least: float) -> VariantReport:
    """Return what can be said of an activity's variants; a difference below `least` of the mean does not matter.

    `binary`: what users bring is counted as once or not at all where it is asked which variant is best.
    """
    units = _Units.of(shown)
    pairs = list(combinations(range(variants), 2))
    outcomes = units.outcomes()
    sums = {pair: units.difference(outcomes, *pair) for pair in pairs}
    clicks = _summed(units.variant, units.click, variants)
    best = _best(sums, clicks, len(pairs))
    mean = float(units.brought.sum()) / max(units.brought.size, 1)
    bounds = {pair: bounds_of(each, len(pairs)) for pair, each in sums.items()}
    widest = max((max(-low, high) for low, high in bounds.values()), default=math.inf)
    alike = best is None and clicks.min(initial=math.inf) >= LEAST_CLICKS and widest <= least * abs(mean)
    variance = max((_variance(each) for each in sums.values()), default=0.0)
    return VariantReport(
        _figures(units, shown, clicks, sums, bounds, binary=binary),
        VariantVerdict.WINNER if best is not None else VariantVerdict.ALIKE if alike else VariantVerdict.UNDECIDED,
        best,
        units.brought.size,
        users_for(least * abs(mean), variance, len(pairs)),
    )


def _best(sums: dict[tuple[int, int], Difference], clicks: NDArray[np.float64], comparisons: int) -> int | None:
    """Return the variant that is better than every other one."""
    beaten = set()
    for (first, second), each in sums.items():
        leader = leader_of(each, (float(clicks[first]), float(clicks[second])), comparisons)
        if leader is Leader.UNDECIDED:
            continue
        beaten.add((second, first) if leader is Leader.FIRST else (first, second))
    variants = range(clicks.size)
    return next(
        (each for each in variants if all((other, each) in beaten for other in variants if other != each)), None
    )


def _figures(
    units: _Units,
    shown: ShownVariants,
    clicks: NDArray[np.float64],
    sums: dict[tuple[int, int], Difference],
    bounds: dict[tuple[int, int], tuple[float, float]],
    *,
    binary: bool,
) -> tuple[VariantFigures, ...]:
    found = []
    likely = _likely_best(units, clicks.size, binary=binary)
    for number in range(clicks.size):
        here = units.variant == number
        weight = 1.0 / units.share[here]
        rate = float((units.brought[here] * weight).sum() / weight.sum()) if weight.size else 0.0
        shares = shown.share[shown.variant == number]
        own = sums.get((0, number), Difference())
        low, high = bounds.get((0, number), (0.0, 0.0))
        found.append(
            VariantFigures(
                users=int(here.sum()),
                clicks=round(float(clicks[number])),
                share=float(shares[-1]) if shares.size else 0.0,
                rate=rate,
                likely_best=float(likely[number]),
                difference=own.total / own.users if own.users else 0.0,
                low=low,
                high=high,
            )
        )
    return tuple(found)


def _likely_best(units: _Units, variants: int, *, binary: bool) -> NDArray[np.float64]:
    count = _summed(units.variant, np.ones(units.variant.size), variants)
    if binary:
        some = _summed(units.variant, (units.brought > 0.0).astype(np.float64), variants)
        found: NDArray[np.float64] = chances_of_best(some[None], count[None])[0]
        return found
    total, squares = (_summed(units.variant, units.brought**power, variants) for power in (1, 2))
    mean = total / np.maximum(count, 1.0)
    pooled = max(float(squares.sum() / max(count.sum(), 1.0) - mean.mean() ** 2), 1e-12)
    return chances_of_best_mean(mean, np.sqrt(pooled / np.maximum(count, 1.0)))


def _summed(of: NDArray[np.int64], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the sum of the values of each of so many numbers."""
    return np.bincount(of, values, count).astype(np.float64)


def _variance(sums: Difference) -> float:
    return max(sums.squares / sums.users - (sums.total / sums.users) ** 2, 0.0) if sums.users else 0.0


def users_for(difference: float, variance: float, comparisons: int) -> int:
    """Return after how many users bounds are as narrow as a difference, by the variance of a user's outcome.

    MOST_USERS where nobody could wait for them.
    """

    def is_found(users: int) -> bool:
        squares = Difference(users, 0.0, variance * users)
        return bounds_of(squares, comparisons)[1] <= difference

    if difference <= 0.0 or not is_found(MOST_USERS):
        return MOST_USERS
    few, enough = 1, MOST_USERS
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if is_found(middle) else (middle, enough)
    return enough


def users_to_plan(rate: float, variants: int, least: float, *, earning: bool) -> int:
    """Return how many users must see an activity until a variant that is better by `least` is found, in the middle.

    `rate` is what a user brings; he is taken to bring it as rare events do. Where shares earn, the mean of even ones
    and of those that they come to is taken.
    """
    shares = [sorted(even_shares(variants))]
    if earning:
        shares.append([LEAST] * (variants - 1) + [PARTS - LEAST * (variants - 1)])
    spread = [PARTS / each[0] + PARTS / each[-1] for each in shares]
    comparisons = variants * (variants - 1) // 2
    variance = rate * (1.0 + least / 2.0) * sum(spread) / len(spread)
    bounded = users_for(least * rate, variance, comparisons)
    return max(bounded, math.ceil(LEAST_CLICKS * PARTS / shares[-1][0] / rate))


def least_found(rate: float, variants: int, users: int, *, earning: bool) -> float:
    """Return the smallest difference, as a part of the rate, that so many users are enough for, to a hundredth."""
    hundredths: Sequence[int] = range(1, 1000)
    return next(
        (each / 100 for each in hundredths if users_to_plan(rate, variants, each / 100, earning=earning) <= users),
        math.inf,
    )
