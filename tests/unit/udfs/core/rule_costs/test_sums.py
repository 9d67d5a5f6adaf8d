"""What sampled decisions add up to."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tests.support.policy_rows import seeds_of
from tests.unit.udfs.core.rule_costs.test_steps import EVERY_PLACE, sample_of
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.rule_costs.sums import (
    ALONE_ONE_IN,
    COUNTERS,
    EXPECTED,
    ONE_IN,
    SAMPLED,
    SAMPLED_ALONE,
    alone_name,
    changed_name,
    cost_name,
    sampled,
    summed,
)


def test_one_decision_in_64_is_looked_at_and_of_these_one_in_eight_twice() -> None:
    """Contract: by the decision's seed alone, so in any batch; the second sample lies inside the first."""
    seeds = seeds_of(64_000)
    some, twice = sampled(seeds), sampled(seeds, ONE_IN * ALONE_ONE_IN)
    assert abs(some.size - 1000) < 4 * 1000**0.5
    assert abs(twice.size - 125) < 4 * 125**0.5
    assert set(twice) <= set(some)
    assert (sampled(seeds[32_000:]) + 32_000 == some[some >= 32_000]).all()


def test_sums_are_the_same_in_any_split() -> None:
    """Contract: whole numbers by declared names; the classes' costs add up to no more than what was expected."""
    sample = sample_of(2, users=8000)
    whole = summed(sample, EVERY_PLACE)
    parts: Counter[str] = Counter()
    for some in np.array_split(np.arange(8000), 7):
        parts.update(summed(sample.part(some), EVERY_PLACE))
    assert parts == whole
    assert whole.keys() <= COUNTERS.keys()
    assert all(type(value) is int for value in whole.values())
    assert whole[SAMPLED] == 8000
    assert whole[SAMPLED_ALONE] == sampled(sample.seeds, ONE_IN * ALONE_ONE_IN).size > 0
    assert 0 < sum(whole[cost_name(each)] for each in RuleClass) < whole[EXPECTED]
    assert all(whole[changed_name(each)] for each in RuleClass)
    assert whole[alone_name(RuleClass.LIST_RULES)] > 0
