"""What sampled decisions add up to."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from tests.support.policy_rows import seeds_of
from tests.unit.udfs.core.rule_costs.test_steps import EVERY_PLACE, sample_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.fence import epoch_of
from tideline.udfs.core.rewards.feedback import Feedback, encode_feedback
from tideline.udfs.core.rule_costs.steps import MICRO, RuleClass, steps_of
from tideline.udfs.core.rule_costs.sums import (
    ALONE_ONE_IN,
    COUNTERS,
    EXPECTED,
    ONE_IN,
    SAMPLED,
    SAMPLED_ALONE,
    DayCosts,
    alone_name,
    changed_name,
    cost_name,
    decode_costs,
    encode_costs,
    is_costs,
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
    whole = summed(sample, EVERY_PLACE, 20_000)
    parts = [summed(sample.part(some), EVERY_PLACE, 20_000) for some in np.array_split(np.arange(8000), 7)]
    assert encode_costs(reduce(DayCosts.plus, parts)) == encode_costs(whole)
    told = whole.counters()
    assert told.keys() == COUNTERS.keys()
    assert all(type(value) is int for value in told.values())
    assert told[SAMPLED] == 8000
    assert told[SAMPLED_ALONE] == sampled(sample.seeds, ONE_IN * ALONE_ONE_IN).size > 0
    assert 0 < sum(told[cost_name(each)] for each in RuleClass) < told[EXPECTED]
    assert all(told[changed_name(each)] for each in RuleClass)
    assert told[alone_name(RuleClass.LIST_RULES)] > 0


def test_squares_are_those_of_each_list() -> None:
    sample = sample_of(3, users=500)
    costs = steps_of(sample, EVERY_PLACE).costs / MICRO
    assert summed(sample, EVERY_PLACE, 0).classes[:, 1] / 1e9 == pytest.approx((costs**2).sum(axis=1), abs=1e-6)


def test_a_record_holds_a_days_costs_and_is_no_feedback() -> None:
    """Contract: written and read by the schema that is kept, with the epoch of who wrote it."""
    costs = summed(sample_of(4), EVERY_PLACE, 20_000)
    record = encode_costs(costs, 7)
    found = decode_costs(record)
    assert found[:4] == costs[:4]
    assert (found.classes == costs.classes).all()
    assert epoch_of(record) == 7
    assert is_costs(record)
    assert not is_costs(encode_feedback([Feedback("a", 1, 0, bytes(DIM))]))
