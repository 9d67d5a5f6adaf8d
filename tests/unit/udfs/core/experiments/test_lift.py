"""Rates, lifts and verdicts of an experiment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.experiments.lift import (
    LEAST_USERS,
    Rate,
    Verdict,
    compare,
    interval,
    lift_of,
    rate_of,
    rate_of_sums,
    share_interval,
    sums_of_users,
)


def rate(ctr: float, users: int, rng: np.random.Generator, per_user: int = 6) -> Rate:
    """Clicks of users who differ: their own rates are beta distributed around ctr."""
    own = rng.beta(2.0, 2.0 / ctr - 2.0, users)
    user = np.repeat(np.arange(users), per_user)
    clicks = (rng.random(user.size) < own[user]).astype(np.float64)
    return rate_of(user, clicks, np.ones(user.size))


def test_a_rate_and_its_variance_equal_the_bootstrap_over_users() -> None:
    """Contract: users who click much do so on all their impressions; the variance counts users, not impressions."""
    rng = np.random.default_rng(1)
    user = rng.integers(0, 300, 3000)
    clicks = (rng.random(3000) < (user % 7 == 0) * 0.6).astype(np.float64)
    found = rate_of(user, clicks, np.ones(3000))
    assert found.value == clicks.mean()
    tops, bottoms = np.bincount(user, clicks, 300), np.bincount(user, minlength=300)
    draws = rng.integers(0, 300, (4000, 300))
    resampled = tops[draws].sum(axis=1) / bottoms[draws].sum(axis=1)
    assert found.variance == pytest.approx(resampled.var(), rel=0.1)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 5)), min_size=1, max_size=40), st.integers(0, 40))
def test_a_rate_of_sums_has_the_variance_of_the_linearised_ratio(users: list[tuple[int, int]], first: int) -> None:
    """Contract: sums of some users and of the others, added, give sum(top) / sum(bottom) and var(residuals) / n."""
    top, bottom = (np.array(each, np.float64) for each in zip(*users, strict=True))
    sums = sums_of_users(top[:first], bottom[:first]) + sums_of_users(top[first:], bottom[first:])
    found = rate_of_sums(sums.tolist())
    assert (found.value, found.users, found.bottom) == (top.sum() / bottom.sum(), len(users), bottom.sum())
    if len(users) == 1:
        assert np.isnan(found.variance)
    else:
        residuals = (top - found.value * bottom) / bottom.mean()
        assert found.variance == pytest.approx(residuals.var(ddof=1) / len(users), rel=1e-9, abs=1e-15)
        assert (found.variance == 0.0) == (np.ptp(top / bottom) == 0.0)


def test_users_who_hardly_differ_have_a_variance_all_the_same() -> None:
    """Contract: of rows at hand residuals are squared, not sums of squares taken from each other."""
    worth = 1e6 + np.random.default_rng(3).normal(0.0, 0.01, 1_000)
    found = rate_of(np.arange(1_000), worth, np.ones(1_000))
    assert found.variance == pytest.approx(worth.var(ddof=1) / 1_000, rel=1e-6)
    assert rate_of(np.arange(1_000), np.full(1_000, 49.99), np.ones(1_000)).variance == pytest.approx(0.0, abs=1e-25)


def test_nothing_is_said_of_few_users() -> None:
    rng = np.random.default_rng(2)
    few, many = rate(0.05, LEAST_USERS - 1, rng), rate(0.05, 1000, rng)
    assert lift_of(few, many, -0.1).verdict == Verdict.CONTINUE
    assert np.isnan(rate_of(np.zeros(0, np.int64), np.zeros(0), np.zeros(0)).value)


def test_looking_often_at_equal_arms_rarely_finds_a_difference() -> None:
    """Contract: at most 5 % of experiments without a difference end with one, though looked at 20 times."""
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(200):
        own = rng.beta(2.0, 38.0, 4000)
        clicks = (rng.random((4000, 5)) < own[:, None]).sum(axis=1).astype(np.float64)
        for seen in range(200, 4001, 200):
            half = np.arange(seen) % 2 == 0
            user, five = np.arange(seen), np.full(seen, 5.0)
            arms = [rate_of(user[part], clicks[:seen][part], five[part]) for part in (half, ~half)]
            if lift_of(arms[0], arms[1], -0.9).verdict != Verdict.CONTINUE:
                wrong += 1
                break
    assert wrong <= 10


@pytest.mark.parametrize(
    ("ctr", "verdict"), [(0.075, Verdict.BETTER), (0.045, Verdict.WORSE), (0.02, Verdict.GUARD), (0.06, None)]
)
def test_a_difference_is_found_and_named(ctr: float, verdict: Verdict | None) -> None:
    rng = np.random.default_rng(4)
    rates = {"baseline": rate(0.06, 30_000, rng), "trial": rate(ctr, 30_000, rng)}
    found = compare(rates, "baseline", -0.5)["trial"]
    assert found.verdict == (verdict or Verdict.CONTINUE)
    assert found.low <= ctr / 0.06 - 1 <= found.high


def test_the_sequence_is_wider_than_one_look_and_not_by_much() -> None:
    """Contract: the price of looking at any time is below a factor of two in width."""
    rng = np.random.default_rng(5)
    arm, base = rate(0.06, 5000, rng), rate(0.06, 5000, rng)
    found = lift_of(arm, base, -0.1)
    low, high = interval(Rate(arm.value - base.value, arm.variance + base.variance, 10_000))
    assert 1.0 < (found.high - found.low) * base.value / (high - low) < 2.0


def test_users_who_do_not_differ_say_little_of_a_lift() -> None:
    """Contract: no click of 120 where one of 1,000 is usual is no loss; all of 120, no loss either; never no width."""
    usual = rate_of(np.arange(100_000), np.arange(100_000) % 1000 == 0, np.ones(100_000))
    none, every = of([0] * 120), of([1] * 120)
    found = lift_of(none, usual, -0.1)
    assert found.verdict is Verdict.CONTINUE
    assert found.low < -1.0 < 0.0 < found.high
    assert lift_of(of([0] * 30_000), usual, -0.1).verdict in (Verdict.WORSE, Verdict.GUARD)
    equal = lift_of(every, every, -0.1)
    assert (equal.value, equal.verdict) == (0.0, Verdict.CONTINUE)
    assert np.isnan([equal.low, equal.high]).all()


def of(clicks: list[int], users: list[int] | None = None) -> Rate:
    who = np.arange(len(clicks)) if users is None else np.array(users)
    return rate_of(who, np.array(clicks, np.float64), np.ones(len(clicks)))


def test_intervals_of_small_counts_are_wilsons() -> None:
    """Contract: 0 of 12 is not certainly 0, 2 of 2 not certainly 1, no bound is below 0 or above 1."""
    low, high = share_interval(of([0] * 12))
    assert low == 0.0
    assert high == pytest.approx(0.30, abs=0.07)
    low, high = share_interval(of([1, 1]))
    assert low < 0.35
    assert high == 1.0
    low, high = share_interval(of([1, 0, 0]))
    assert 0.0 < low < 1 / 3 < high < 1.0
    assert share_interval(of([1, 0, 0], [0, 0, 0])) == pytest.approx((0.022, 0.906), abs=0.03)
    assert np.isnan(share_interval(of([]))).all()


def test_a_share_covers_in_at_least_92_of_100_logs_of_users_who_differ() -> None:
    """Contract: also where clicks are rare: 2 % of 300 impressions by 50 users."""
    rng = np.random.default_rng(6)
    for ctr in (0.02, 0.3):
        found = [share_interval(rate(ctr, 50, rng)) for _ in range(400)]
        assert sum(low <= ctr <= high for low, high in found) >= 0.92 * 400


def test_what_is_earned_is_not_negative_and_unknown_where_nobody_differs() -> None:
    low, high = interval(of([9, 0, 0, 0, 0, 0, 0]))
    assert low == 0.0
    assert high > 9 / 7
    assert np.isnan(interval(of([0] * 9))).all()
