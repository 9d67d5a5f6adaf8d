"""What swaps of neighbours in lists add up to."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.udfs.core.rewards.swap_sums import STEPS, Pairs, StepSums, SwapSums


def pairs(count: int) -> Pairs:
    rng = np.random.default_rng(7)
    clicks = rng.random((2, count)) < 0.4
    return Pairs(rng.integers(0, 4, count), rng.integers(0, 40, count), rng.random(count), *clicks.astype(float),
                 *rng.integers(0, 6, (2, count)))  # fmt: skip


def halves(of: Pairs) -> list[Pairs]:
    return [Pairs._make(column[of.user % 2 == half] for column in of) for half in (0, 1)]


def test_sums_are_those_of_users_whatever_the_parts() -> None:
    """Contract: the variance of a sum of steps is the sum over users of the square of what each one adds to it."""
    every, sums, apart = pairs(2_000), SwapSums(), SwapSums()
    sums.add(every)
    for half in halves(every):
        apart.add(half)
    share = np.zeros(2 * STEPS)
    share[[0, 2, STEPS, STEPS + 2]] = -0.5, -0.25, 0.4, 0.3
    adds = every.weight * (share[every.position] * every.above + share[every.position + STEPS] * every.below)
    wanted = float(np.square(np.bincount(every.user, adds)).sum())
    assert sums.variance(share) == pytest.approx(wanted)
    assert apart.variance(share) == pytest.approx(wanted)
    assert apart.clicks == pytest.approx(sums.clicks)
    assert apart.pairs[:4] == pytest.approx(np.bincount(every.position, every.weight))
    looked = np.array([1.0, 0.5, 0.25, 0.0, 0.1])
    assert apart.relevance(looked) == pytest.approx(sums.relevance(looked))


def test_what_follows_a_click_is_told_apart_from_what_follows_none() -> None:
    """Contract: by step without a click, over all steps after one; spread by users."""
    every, steps = pairs(2_000), StepSums()
    relevance = np.linspace(0.1, 0.6, 6)
    for half in halves(every):
        steps.add(half, relevance)
    here = every.position == 1
    seen = (every.weight * every.below * (1 - every.above))[here]
    given = (every.weight * every.above * (1 - relevance[every.action_below]))[here]
    value = seen.sum() / given.sum()
    spread = float(np.square(np.bincount(every.user[here], seen - value * given)).sum())
    assert steps.of(1) == pytest.approx((seen.sum(), given.sum(), spread))
    assert steps.of(STEPS)[0] == pytest.approx(float((every.weight * every.below * every.above).sum()))
    assert StepSums().of(0) == (0.0, 0.0, 0.0)
