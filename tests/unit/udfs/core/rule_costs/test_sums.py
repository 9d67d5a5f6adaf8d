"""What sampled decisions add up to."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from tests.support.policy_rows import seeds_of
from tests.unit.udfs.core.rule_costs.test_steps import EVERY_PLACE, sample_of
from tideline.udfs.core.rule_costs.days import decode_costs, encode_costs
from tideline.udfs.core.rule_costs.steps import MICRO, RuleClass, steps_of
from tideline.udfs.core.rule_costs.sums import (
    ALONE_ONE_IN,
    COUNTERS,
    EXPECTED,
    ONE_IN,
    PRICE_LIMIT,
    SAMPLED,
    SAMPLED_ALONE,
    DayCosts,
    Prices,
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
    whole = summed(sample, EVERY_PLACE, 20_000)
    parts = [summed(sample.part(some), EVERY_PLACE, 20_000) for some in np.array_split(np.arange(8000), 7)]
    assert encode_costs([reduce(DayCosts.plus, parts)]) == encode_costs([whole])
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
    assert summed(sample, EVERY_PLACE, 0).classes[:, 1] / 1e6 == pytest.approx((costs**2).sum(axis=1), abs=3e-4)


def test_standings_are_summed_by_activity() -> None:
    """Contract: over the lists that had one, so means are of traffic."""
    one = DayCosts(1, 2, 0, 0, 0, np.zeros((6, 5), np.int64), {"a": Prices(2, 20, 0, 0)})
    other = one._replace(prices={"a": Prices(6, 180, 6, 6), "b": Prices(6, 0, 0, 0)})
    assert one.plus(other).prices == {"a": Prices(8, 200, 6, 6), "b": Prices(6, 0, 0, 0)}


@pytest.mark.parametrize("size", [1e3, 1e6, 1e15])
def test_worth_of_any_size_fits(size: float) -> None:
    """Contract: in a currency of large numbers a day of a million sampled lists can still be written."""
    sample = sample_of(6, users=50)
    vast = sample._replace(mean=sample.mean * size, priced=sample.priced * size)
    costs = summed(vast, EVERY_PLACE, 1, {"a": Prices(50, 50 * PRICE_LIMIT, 50 * PRICE_LIMIT, 0)})
    assert 0 < costs.expected <= 50 * 10**12
    assert (costs.classes[:, 1] >= 0).all()
    assert (costs.classes[:, 1].max() > 0) == (size < 1e15)
    day = reduce(DayCosts.plus, [costs] * 1000)
    assert decode_costs(encode_costs([day]))[0].prices["a"].price == 50_000 * PRICE_LIMIT
