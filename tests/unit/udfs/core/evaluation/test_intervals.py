"""Intervals cover what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.ope_world import draw, truth
from tideline.udfs.core.evaluation import estimators
from tideline.udfs.core.evaluation.estimators import Terms
from tideline.udfs.core.evaluation.evaluation import FOLDS, weigh
from tideline.udfs.core.evaluation.intervals import bootstrap, confidence_sequence, empirical_bernstein, rare
from tideline.udfs.core.evaluation.log import folds
from tideline.udfs.core.evaluation.reward_model import fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.intervals import Interval

REPEATS = 200


def bernstein(values: NDArray[np.float64], high: float) -> Interval:
    return empirical_bernstein(values.size, float(values.mean()), float(values.var(ddof=1)), (0.0, high))


def rare_of(sums: NDArray[np.float64], step: float) -> tuple[float, float]:
    """In parts of three, as sums by user may come."""
    return rare(lambda: (sums[start : start + 3] for start in range(0, sums.size, 3)), step)


def test_intervals_cover_the_truth_in_at_least_93_of_100_logs() -> None:
    """Contract: 95 % intervals cover in 93 % of 200 logs or more, the finite-sample ones in 95 %."""
    value = truth()
    covered = {"ips": 0, "snips": 0, "dr": 0, "bernstein": 0, "anytime": 0}
    for seed in range(1, REPEATS + 1):
        log, target, _ = draw(1_000, seed)
        weighed = weigh(log, target, fit(log, folds(log, FOLDS)))
        rows = weighed.rows
        parts = [estimators.ips(rows), estimators.snips(rows), estimators.dr(rows)]
        found = dict(zip(("ips", "snips", "dr"), bootstrap(parts, log.decision, resamples=400), strict=True))
        found["bernstein"] = bernstein(parts[0].top, weighed.bound)
        found["anytime"] = confidence_sequence(rows.weight, rows.reward, (0.0, 1.0))
        for name, (low, high) in found.items():
            covered[name] += low <= value <= high
    assert min(covered[name] for name in ("ips", "snips", "dr")) >= 0.93 * REPEATS, covered
    assert min(covered["bernstein"], covered["anytime"]) >= 0.95 * REPEATS, covered


def test_the_confidence_sequence_holds_at_every_time_at_once() -> None:
    """Contract: looking after each of 300 rows, it ever misses the mean in at most 5 % of 200 sequences."""
    missed = 0
    for seed in range(REPEATS):
        random = np.random.default_rng(seed)
        reward = (random.random(300) < 0.3).astype(float)
        weight = np.where(random.random(300) < 0.2, 4.0, 0.25)
        looks = [confidence_sequence(weight[:n], reward[:n], (0.0, 1.0)) for n in range(5, 301, 5)]
        missed += any(not low <= 0.3 <= high for low, high in looks)
    assert missed <= 0.05 * REPEATS


def test_the_confidence_sequence_narrows_to_the_mean() -> None:
    random = np.random.default_rng(1)
    reward = (random.random(100_000) < 0.3).astype(float)
    low, high = confidence_sequence(np.ones(100_000), reward, (0.0, 1.0))
    assert 0.28 < low < 0.3 < high < 0.32


def test_empirical_bernstein_by_hand() -> None:
    """Contract: Maurer and Pontil, theorem 4, each side with half of the error; never outside of the range."""
    values = np.tile([0.0, 1.0], 5_000)
    margin = np.sqrt(2 * values.var(ddof=1) * np.log(80) / 10_000) + 7 * np.log(80) / (3 * 9_999)
    assert bernstein(values, 1.0) == pytest.approx((0.5 - margin, 0.5 + margin))
    assert bernstein(values[:6], 1.0) == (0.0, 1.0)


def test_a_bootstrap_draws_decisions_whole() -> None:
    """Contract: ten equal rows in each decision say no more than one."""
    random = np.random.default_rng(2)
    values = random.random(400)
    once = bootstrap([Terms(values, np.ones(400))], np.arange(400))[0]
    tenfold = bootstrap([Terms(np.repeat(values, 10), np.ones(4_000))], np.repeat(np.arange(400), 10))[0]
    assert tenfold == pytest.approx(once)
    normal = 1.96 * values.std() / 20
    assert once == pytest.approx((values.mean() - normal, values.mean() + normal), abs=0.15 * normal)


def test_a_bootstrap_of_many_decisions_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(4).normal(size=50_000)
    low, high = bootstrap([Terms(values, np.ones(50_000))], np.arange(50_000))[0]
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(50_000), rel=0.1)


def test_a_constant_has_an_interval_of_no_width() -> None:
    assert bootstrap([Terms(np.full(50, 0.25), np.ones(50))], np.arange(50)) == [(0.25, 0.25)]


def test_intervals_over_users_cover_in_at_least_90_of_100_logs_of_150_users_with_20_lists() -> None:
    """Contract: users who click much do so in all of their lists; counting lists would cover in half of the logs."""
    covered = 0
    for seed in range(REPEATS):
        random = np.random.default_rng(seed)
        own = random.beta(0.05, 0.95, 150)
        user = np.repeat(np.arange(150), 20)
        weight = np.where(random.random(3_000) < 1 / 3, 1.8, 0.6)
        reward = (random.random(3_000) < own[user]).astype(np.float64)
        low, high = bootstrap([Terms(weight * reward, np.ones(3_000))], user, resamples=400)[0]
        covered += low <= 0.05 <= high
    assert covered >= 0.9 * REPEATS


@pytest.mark.parametrize("unit", [1e-200, 5e-324, 1e-9, 1e150, 1e307])
def test_rare_rewards_of_any_size_are_told_in_their_own_unit(unit: float) -> None:
    """Contract: rewards whose squares are no floats have the interval of their size; nothing at all has none."""
    sums = np.repeat([1.0, 0.0], [3, 100])
    below, above = rare_of(sums * unit, 0.0)
    assert (below / unit, above / unit) == pytest.approx(
        rare_of(sums, 1.0), rel=1e-9, abs=1.0 if unit < 1e-300 else 0.0
    )
    assert rare_of(np.zeros(3), 0.0) == (0.0, 0.0)


def test_rare_rewards_are_told_by_poisson_and_not_by_redrawing_them() -> None:
    """Contract: the 95 % limits of 0, 1 and 3 counts; nothing of it where there are many or both signs cancel."""
    for count, low, high in ((0, 0.0, 3.689), (1, 0.0253, 5.572), (3, 0.6187, 8.767)):
        below, above = rare_of(np.repeat([1.0, 0.0], [count, 100]), 1.0)
        assert count + above == pytest.approx(high, abs=0.05)
        if count:
            assert count - below == pytest.approx(low, abs=0.03)
            assert rare_of(np.repeat([-1.0, 0.0], [count, 100]), 1.0) == (above, below)
    assert rare_of(np.ones(100), 1.0) == (0.0, 0.0)
    below, above = rare_of(np.array([1.0, -1.0]), 1.0)
    assert below == above
