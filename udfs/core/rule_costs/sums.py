"""What sampled decisions add up to: whole numbers by class of rules, the same in any order and split."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.rule_costs.front import added
from tideline.udfs.core.rule_costs.steps import RuleClass, alone, steps_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.rule_costs.front import Front
    from tideline.udfs.core.rule_costs.steps import Sample

ONE_IN = 64
"""Of so many decisions one is looked at."""
ALONE_ONE_IN = 8
"""Of so many of these one is also made with each class alone taken away."""
_STREAM = 5
"""Of a decision's random numbers, that nothing else draws from."""
_ROOT, _MOST = 1000.0, 1e13
"""Squares are of thousandths of worth, none larger than that."""
CLASS_SUMS = 5
PRICE_LIMIT = 1 << 40
"""No larger price or offset is summed: so many lists as a day has fit whole numbers of 64 bits."""

SAMPLED, EXPECTED, SAMPLED_ALONE = "rule_lists_sampled", "rule_worth_expected_micro", "rule_lists_sampled_alone"


def cost_name(each: RuleClass) -> str:
    """Return the name of the counter of what a class costs."""
    return f"rule_cost_{each}_micro"


def changed_name(each: RuleClass) -> str:
    """Return the name of the counter of the lists that a class changes."""
    return f"rule_changed_{each}"


def alone_name(each: RuleClass) -> str:
    """Return the name of the counter of what a class costs where all others stay."""
    return f"rule_alone_{each}_micro"


COUNTERS = {
    SAMPLED: f"Lists, one of {ONE_IN}, for which the cost of rules was worked out.",
    EXPECTED: "Millionths of worth that these lists were expected to earn without rules.",
    SAMPLED_ALONE: f"Lists, one of {ALONE_ONE_IN} of these, that were also made with each class of rules alone away.",
    **{cost_name(each): f"Millionths of worth that {each} cost them, given the classes before." for each in RuleClass},
    **{changed_name(each): f"Lists among them that {each} changed." for each in RuleClass},
    **{alone_name(each): f"Millionths of worth that they would gain without {each} alone." for each in RuleClass},
}
"""Name and meaning of every counter."""


class Prices(NamedTuple):
    """What an activity's standings were, summed over lists, in the units of rule_costs.avsc."""

    lists: int
    price: int
    offset: int
    stopped: int


NO_PRICES: Mapping[str, Prices] = MappingProxyType({})
NO_FRONTS: Mapping[int, Front] = MappingProxyType({})


class DayCosts(NamedTuple):
    """What rules cost the sampled lists of one day, in the units of rule_costs.avsc."""

    day: int
    lists: int
    expected: int
    expected_clicks: int
    lists_alone: int
    classes: NDArray[np.int64]
    """By class: cost, squares, lists changed, cost alone, cost in clicks [classes, 5]."""
    prices: Mapping[str, Prices]
    """By activity with a standing."""
    fronts: Mapping[int, Front] = NO_FRONTS
    """By mark of the weights; empty where no share of clicks is to be kept."""

    def plus(self, other: DayCosts) -> DayCosts:
        """Return the sum of two of one day."""
        prices = dict(self.prices)
        for name, more in other.prices.items():
            mine = prices.get(name)
            prices[name] = more if mine is None else Prices(*(a + b for a, b in zip(mine, more, strict=True)))
        return DayCosts(
            self.day,
            self.lists + other.lists,
            self.expected + other.expected,
            self.expected_clicks + other.expected_clicks,
            self.lists_alone + other.lists_alone,
            self.classes + other.classes,
            prices,
            added(self.fronts, other.fronts),
        )

    def counters(self) -> dict[str, int]:
        """Return what they add to the counters."""
        found = {SAMPLED: self.lists, EXPECTED: self.expected, SAMPLED_ALONE: self.lists_alone}
        for each, (cost, _, changed, without, _) in zip(RuleClass, self.classes.tolist(), strict=True):
            found |= {cost_name(each): cost, changed_name(each): changed, alone_name(each): without}
        return found


def sampled(seeds: NDArray[np.uint64], one_in: int = ONE_IN) -> NDArray[np.int64]:
    """Return the numbers of the decisions that are looked at, by their seeds."""
    return np.flatnonzero(uniform(seeds, 1, _STREAM)[:, 0] * one_in < 1.0)


def summed(
    sample: Sample, looked_at: NDArray[np.float64], day: int, prices: Mapping[str, Prices] = NO_PRICES
) -> DayCosts:
    """Return what rules cost the decisions of a sample, all of one day."""
    steps = steps_of(sample, looked_at)
    classes = np.zeros((len(RuleClass), CLASS_SUMS), np.int64)
    classes[:, 0], classes[:, 2] = steps.costs.sum(axis=1), steps.changed.sum(axis=1)
    classes[:, 1] = np.minimum(np.rint(np.square(steps.costs / _ROOT)), _MOST).astype(np.int64).sum(axis=1)
    classes[:, 4] = (steps.clicks[:-1] - steps.clicks[1:]).sum(axis=1)
    some = sampled(sample.seeds, ONE_IN * ALONE_ONE_IN)
    if some.size:
        part, of_part = sample.part(some), steps.part(some)
        classes[:, 3] = [int(alone(part, of_part, each, looked_at).sum()) for each in RuleClass]
    worth, clicks = (int(each[0].sum()) for each in (steps.values, steps.clicks))
    return DayCosts(day, sample.seeds.size, worth, clicks, some.size, classes, prices)
