"""Verdicts over two variants."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tideline.udfs.core.variants.variant_verdict import (
    Difference,
    Leader,
    bounds_of,
    difference_of,
    leader_of,
    pseudo_outcomes,
)


def users(count: int, lift: float, share: float, seed: int = 1) -> Difference:
    rng = np.random.default_rng(seed)
    second = rng.random(count) < share
    brought = rng.binomial(1, np.where(second, 0.1 + lift, 0.1)).astype(float)
    return difference_of(pseudo_outcomes(brought, second, np.full(count, share), 0.1))


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_the_difference_is_found_whatever_the_shares_are(share: float) -> None:
    low, high = bounds_of(users(200_000, 0.05, share))
    assert low < 0.05 < high
    assert high - low < 0.04


def test_sums_add_up_in_any_order() -> None:
    parts = [users(500, 0.02, 0.3, seed) for seed in range(4)]
    one = parts[0].plus(parts[1]).plus(parts[2].plus(parts[3]))
    other = parts[3].plus(parts[1]).plus(parts[0]).plus(parts[2])
    assert one.users == other.users == 2000
    assert list(one) == pytest.approx(list(other))


def test_nothing_is_decided_before_each_has_fifty_clicks() -> None:
    sums = users(50_000, 0.05, 0.5)
    assert leader_of(sums, (49.0, 900.0)) is Leader.UNDECIDED
    assert leader_of(sums, (900.0, 900.0)) is Leader.SECOND
    assert leader_of(sums._replace(total=-sums.total), (900.0, 900.0)) is Leader.FIRST
    assert leader_of(users(50_000, 0.0, 0.5), (900.0, 900.0)) is Leader.UNDECIDED


def test_more_comparisons_need_more() -> None:
    one, seven = bounds_of(users(5000, 0.0, 0.5)), bounds_of(users(5000, 0.0, 0.5), comparisons=7)
    assert seven[1] - seven[0] > one[1] - one[0]


def test_nobody_tells_nothing() -> None:
    assert bounds_of(Difference()) == (-math.inf, math.inf)
