"""What sampled decisions add up to: whole numbers by class of rules, the same in any order and split."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.rule_costs.steps import RuleClass, alone, steps_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.rule_costs.steps import Sample

ONE_IN = 64
"""Of so many decisions one is looked at."""
ALONE_ONE_IN = 8
"""Of so many of these one is also made with each class alone taken away."""
_STREAM = 5
"""Of a decision's random numbers, that nothing else draws from."""

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


def sampled(seeds: NDArray[np.uint64], one_in: int = ONE_IN) -> NDArray[np.int64]:
    """Return the numbers of the decisions that are looked at, by their seeds."""
    return np.flatnonzero(uniform(seeds, 1, _STREAM)[:, 0] * one_in < 1.0)


def summed(sample: Sample, looked_at: NDArray[np.float64]) -> Counter[str]:
    """Return what the decisions of a sample add to the counters."""
    steps = steps_of(sample, looked_at)
    found = Counter({SAMPLED: sample.seeds.size, EXPECTED: int(steps.values[0].sum())})
    for each, cost, changed in zip(RuleClass, steps.costs.sum(axis=1), steps.changed.sum(axis=1), strict=True):
        found[cost_name(each)], found[changed_name(each)] = int(cost), int(changed)
    some = sampled(sample.seeds, ONE_IN * ALONE_ONE_IN)
    if some.size:
        found[SAMPLED_ALONE] = some.size
        part, of_part = sample.part(some), steps.part(some)
        for each in RuleClass:
            found[alone_name(each)] = int(alone(part, of_part, each, looked_at).sum())
    return found
