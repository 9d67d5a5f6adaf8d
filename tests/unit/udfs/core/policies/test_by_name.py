"""The policies' scores, against numbers that were worked out another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.base import Policy
from tideline.udfs.core.policies.by_name import POLICIES, describe_policies, make_policy
from tideline.udfs.core.policies.policy_table import (
    INVERSE_UNIT,
    PAIRS,
    THETA_UNIT,
    Coefficients,
    PolicyRow,
    cold_row,
    stack,
)
from tideline.udfs.core.seeded import decision_seeds

CLICKS_ONLY = np.array([1.0, 0.0, 0.0])
UNIT = 127.0


def row_of(theta: NDArray[np.float64], inverse: NDArray[np.float64], *counts: float) -> PolicyRow:
    """A policy row from float arrays: theta [DIM] of clicks, inverse [DIM, DIM], counts n, clicks and total."""
    n, clicks, total = counts
    doubled = 2 * inverse - np.diag(np.diag(inverse))
    fixed = np.rint(doubled[np.triu_indices(DIM)] / INVERSE_UNIT).astype(np.int64)
    whole = np.zeros((3, DIM), np.int64)
    whole[0] = np.rint(theta / THETA_UNIT)
    return PolicyRow(1, 3, n, total, (clicks, 0.0, 0.0), whole, fixed)


def learned(count: int, seed: int) -> tuple[list[PolicyRow], NDArray[np.float64], NDArray[np.float64]]:
    """Rows with random theta and inverse, and these as floats."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(count, DIM))
    x = rng.normal(size=(count, 40, DIM)) / 4
    inverse = np.linalg.inv(np.eye(DIM) + np.einsum("kni,knj->kij", x, x))
    rows = [row_of(theta[at], inverse[at], 10.0 * at, at, 500.0) for at in range(count)]
    return rows, theta, inverse


def contexts(count: int, seed: int) -> NDArray[np.int8]:
    x = np.random.default_rng(seed).integers(-60, 60, (count, DIM)).astype(np.int8)
    x[:, 0] = 90
    return x


def seeds_of(count: int) -> NDArray[np.uint64]:
    every = np.arange(count)
    return decision_seeds(every.astype(np.uint64), every, every, 7)


def with_alpha(name: str, alpha: float) -> Policy:
    return POLICIES[name](alpha=alpha)


def score(name: str, alpha: float, x: NDArray[np.int8], known: Coefficients, eligible: int = 5) -> NDArray[np.float64]:
    users = x.shape[0]
    found = with_alpha(name, alpha).score(x, known, np.full(users, eligible), seeds_of(users))
    return found.mean + found.bonus


def test_linucb_is_the_formula() -> None:
    """Contract: x'theta + alpha sqrt(x' A^-1 x), Li et al. 2010."""
    rows, theta, inverse = learned(7, 1)
    x = contexts(20, 2)
    z = x / UNIT
    expected = z @ theta.T + 0.4 * np.sqrt(np.einsum("ui,kij,uj->uk", z, inverse, z))
    assert score("linucb", 0.4, x, stack(rows, CLICKS_ONLY)) == pytest.approx(expected, abs=2e-6)


def test_without_bonus_it_is_greedy() -> None:
    """Contract: alpha 0 ranks as epsilon-greedy does, bit for bit; so do article and Thompson."""
    known = stack(learned(7, 1)[0], CLICKS_ONLY)
    x = contexts(20, 2)
    greedy = score("epsilon_greedy", 0.9, x, known)
    assert (greedy == x.astype(float) @ known.theta.T * (THETA_UNIT / UNIT)).all()
    for name in ("linucb", "article", "thompson"):
        assert (score(name, 0.0, x, known) == greedy).all()


def test_with_a_huge_bonus_the_least_tried_is_first() -> None:
    """Contract: with alpha 1e6 only the width counts, whatever the expected reward."""
    thetas = [np.full(DIM, 3.0 - at) for at in range(4)]
    tried = (50, 20, 80, 5)
    rows = [row_of(theta, np.eye(DIM) / (1 + n), n, 0, 100) for theta, n in zip(thetas, tried, strict=True)]
    known = stack(rows, CLICKS_ONLY)
    for name in ("linucb", "article"):
        assert np.argsort(-score(name, 1e6, contexts(3, 1), known)).tolist() == [[3, 1, 0, 2]] * 3


def test_an_untried_activity_is_as_wide_as_its_context_is_long() -> None:
    """Contract: sqrt(x'x / lambda) with lambda 1: nothing is known in any direction."""
    x = contexts(9, 3)
    width = score("linucb", 1.0, x, stack([cold_row()], CLICKS_ONLY))[:, 0]
    assert width == pytest.approx(np.linalg.norm(x / UNIT, axis=1), rel=1e-12)


def test_the_articles_bonus_is_the_hand_computed_one() -> None:
    """Contract: n=200, C=6, t=1000, K=10: q = 7/202, sqrt(2 q ln 10000 / 202) = 0.056213..."""
    known = stack([row_of(np.zeros(DIM), np.eye(DIM), 200, 6, 1000)], CLICKS_ONLY)
    expected = math.sqrt(2 * (7 / 202) * 9.210340371976184 / 202)
    assert expected == pytest.approx(0.0562, abs=1e-4)
    assert score("article", 1.0, contexts(1, 1), known, eligible=10)[0, 0] == pytest.approx(expected, rel=1e-12)


def test_the_articles_text_is_the_bernoulli_width() -> None:
    """Contract: sqrt(2 ln(Kt)/C) C/n = sqrt(2 p ln(Kt)/n) = 0.0525652 for n=200, C=6; smoothing tends to it."""
    literal = math.sqrt(2 * math.log(10_000) / 6) * 6 / 200
    assert literal == pytest.approx(math.sqrt(2 * 0.03 * math.log(10_000) / 200), rel=1e-12)
    assert literal == pytest.approx(0.052565218, abs=1e-9)
    rows = [row_of(np.zeros(DIM), np.eye(DIM), 200 * s, 6 * s, 1000) for s in (1, 100, 10_000)]
    found = score("article", 1.0, contexts(1, 1), stack(rows, CLICKS_ONLY), eligible=10)[0]
    ratios = found / (literal / np.sqrt([1, 100, 10_000]))
    assert (np.diff(np.abs(ratios - 1)) < 0).all()
    assert ratios[-1] == pytest.approx(1.0, abs=1e-4)


def test_the_articles_bonus_is_finite_before_anything_happened() -> None:
    known = stack([cold_row()], CLICKS_ONLY)
    assert score("article", 1.0, contexts(1, 1), known, eligible=1)[0, 0] == 0.0
    assert score("article", 1.0, contexts(1, 1), known, eligible=10)[0, 0] == pytest.approx(math.sqrt(math.log(10) / 2))


def test_thompson_draws_from_the_posterior() -> None:
    """Contract: mean x'theta and deviation alpha sqrt(x' A^-1 x), to what 10,000 draws allow; draws are independent."""
    rows, theta, inverse = learned(3, 5)
    x = np.repeat(contexts(1, 6), 10_000, axis=0)
    drawn = score("thompson", 0.5, x, stack(rows, CLICKS_ONLY))
    z = x[0] / UNIT
    deviation = 0.5 * np.sqrt(np.einsum("i,kij,j->k", z, inverse, z))
    standard = (drawn - z @ theta.T) / deviation
    assert np.abs(standard.mean(axis=0)).max() < 4.5 / 100
    assert np.abs(standard.std(axis=0) - 1).max() < 4.5 / math.sqrt(2 * 10_000)
    assert np.abs((standard**3).mean(axis=0)).max() < 4.5 * math.sqrt(15 / 10_000)
    assert np.abs((standard**4).mean(axis=0) - 3).max() < 4.5 * math.sqrt(96 / 10_000)
    assert np.abs(np.corrcoef(standard.T) - np.eye(3)).max() < 4.5 / 100


def test_thompson_is_a_function_of_the_seed() -> None:
    """Contract: the same decision is drawn the same way again; another one is not."""
    known, x = stack(learned(3, 5)[0], CLICKS_ONLY), contexts(2, 6)
    policy, count = with_alpha("thompson", 0.5), np.array([3, 3])
    first, again = (policy.score(x, known, count, seeds_of(2)).bonus for _ in range(2))
    assert (first == again).all()
    assert (first != policy.score(x, known, count, seeds_of(4)[2:]).bonus).all()
    assert policy.randomised


def test_popular_is_the_smoothed_click_rate_for_everybody() -> None:
    rows = [row_of(np.ones(DIM), np.eye(DIM), n, clicks, 0) for n, clicks in ((0, 0), (950, 9), (50, 9))]
    found = score("popular", 1.0, contexts(4, 1), stack(rows, CLICKS_ONLY))
    assert found.tolist() == [[0.02, 0.01, 0.1]] * 4


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 60), st.sampled_from(sorted(POLICIES)))
def test_a_score_has_the_same_bits_in_any_batch(seed: int, users: int, activities: int, name: str) -> None:
    """Contract: neither the other users of a batch nor the other activities touch a score; fixed point is for this."""
    rows, x = learned(activities, seed)[0], contexts(users, seed)
    rng = np.random.default_rng(seed)
    weights = np.array([1.0, 37.5, 1e6]) * rng.random(3)
    rows = [row._replace(theta=rng.integers(-(2**32), 2**32, (3, DIM))) for row in rows]
    policy, eligible, seeds = with_alpha(name, 0.3), rng.integers(1, 99, users), seeds_of(users)
    together = policy.score(x, stack(rows, weights), eligible, seeds)
    for user in rng.integers(0, users, 5).tolist():
        one = slice(user, user + 1)
        alone = policy.score(x[one], stack(rows, weights), eligible[one], seeds[one])
        assert alone.mean.tobytes() == together.mean[one].tobytes()
        assert alone.bonus.tobytes() == together.bonus[one].tobytes()
    if policy.randomised:
        return
    for number in rng.integers(0, activities, 5).tolist():
        single = policy.score(x, stack(rows[number : number + 1], weights), eligible, seeds)
        assert single.mean[:, 0].tobytes() == together.mean[:, number].tobytes()
        assert np.broadcast_to(single.bonus, (users, 1))[:, 0].tobytes() == (
            np.broadcast_to(together.bonus, (users, activities))[:, number].tobytes()
        )


def test_weights_are_the_worth_of_the_objectives() -> None:
    row = cold_row()._replace(theta=np.arange(3 * DIM).reshape(3, DIM) * 2**20)
    known = stack([row], np.array([2.0, 5.0, 0.5]))
    assert known.theta[0].tolist() == (2.0 * row.theta[0] + 5.0 * row.theta[1] + 0.5 * row.theta[2]).tolist()


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_no_activities_score_nothing(name: str) -> None:
    assert score(name, 1.0, contexts(2, 1), stack([], CLICKS_ONLY)).shape == (2, 0)
    assert PAIRS == 136


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ("best", "policy", r"linucb \(alpha=0.7 \(0 to 10\), ridge="),
        ("linucb:beta=1", "policy.linucb.beta", "alpha=0.7"),
        ("linucb:alpha=0.1,alpha=0.2", "policy.linucb.alpha", "each once"),
        ("linucb:alpha=11", "policy.linucb.alpha", "numbers from 0 to 10"),
        ("thompson:ridge=0.5", "policy.thompson.ridge", "numbers from 1 to 1e\\+06"),
        ("kl_ucb:c=nan", "policy.kl_ucb.c", "numbers from 0 to 10"),
        ("popular:alpha=1", "policy.popular.alpha", "no parameters"),
    ],
)
def test_a_wrong_policy_names_key_value_and_what_is_allowed(text: str, key: str, allowed: str) -> None:
    with pytest.raises(ConfigError, match=allowed) as caught:
        make_policy(text)
    assert caught.value.key == key
    assert str(caught.value.value) in text


def test_every_parameter_is_set_and_described() -> None:
    for name, policy in POLICIES.items():
        given = {each: (of.low + of.high) / 2 for each, of in policy.parameters.items()}
        text = f"{name}:{','.join(f'{each}={value}' for each, value in given.items())}"
        assert make_policy(text).values == given
        assert all(f"{each}={of.default:g}" in describe_policies() for each, of in policy.parameters.items())


GOLDEN = {"ucb1_tuned": 0.122923055, "ucb_v:z=1,c=1": 0.178451101, "kl_ucb": 0.097415071}
"""Indices for n=200, C=6, t=1000 from other implementations; KL-UCB's is SMPyBandits' to its precision of 1e-6."""


@pytest.mark.parametrize("text", sorted(GOLDEN))
def test_an_index_is_that_of_other_implementations(text: str) -> None:
    known = stack([row_of(np.zeros(DIM), np.eye(DIM), 200, 6, 1000)], CLICKS_ONLY)
    found = make_policy(text).score(contexts(3, 1), known, np.full(3, 10), seeds_of(3))
    assert (found.mean + found.bonus)[:, 0] == pytest.approx(GOLDEN[text], abs=5e-10)
    assert found.mean[0, 0] == 0.03


@pytest.mark.parametrize("name", ["ucb1_tuned", "ucb_v", "kl_ucb"])
def test_an_index_tries_the_untried_and_keeps_those_without_clicks_alive(name: str) -> None:
    """Contract: infinite before the first impression; without a click above 0, and falling with impressions."""
    rows = [row_of(np.zeros(DIM), np.eye(DIM), n, 0, 9_000) for n in (0, 10, 1_000, 8_000)]
    found = score(name, 1.0, contexts(1, 1), stack(rows, CLICKS_ONLY))[0]
    assert found[0] == math.inf
    assert found[1] > found[2] > found[3] > 0.0


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**6), st.floats(0, 1), st.integers(2, 10**8), st.floats(0, 5))
def test_kl_ucb_solves_its_equation(n: int, share: float, t: int, c: float) -> None:
    """Contract: the bound q is where n kl(p, q) = L + c ln L, or 1; never outside [p, 1]."""
    clicks = float(int(share * n))
    known = stack([row_of(np.zeros(DIM), np.eye(DIM), n, clicks, t)], CLICKS_ONLY)
    q = float(make_policy(f"kl_ucb:c={c}").score(contexts(1, 1), known, np.ones(1, np.int64), seeds_of(1)).bonus[0, 0])
    p = clicks / n
    q += p
    assert p <= q <= 1.0
    bound = math.log(t) + c * math.log(max(math.log(t), 1.0))

    def kl(q: float) -> float:
        ways = ((p, q), (1 - p, 1 - q))
        return sum(a * math.log(a / b) if b > 0 else math.inf for a, b in ways if a > 0)

    assert n * kl(min(q + 1e-6, 1.0)) >= bound * (1 - 1e-6) or q > 1 - 2e-6
    assert n * kl(max(q - 1e-6, p)) <= bound * (1 + 1e-6)


def test_the_articles_text_locks_out_what_was_not_clicked_at_first() -> None:
    """Contract: with `literal` the bonus is sqrt(2 ln(K t) / C) C / n, infinite before the first impression, else 0."""
    rows = [row_of(np.zeros(DIM), np.eye(DIM), n, c, 1000) for n, c in ((0, 0), (10, 0), (200, 6))]
    policy = make_policy("article:literal=1")
    found = policy.score(contexts(1, 1), stack(rows, CLICKS_ONLY), np.array([10]), seeds_of(1)).bonus[0]
    assert found[:2].tolist() == [math.inf, 0.0]
    assert found[2] == pytest.approx(0.052565218, abs=5e-10)


def test_softmax_draws_in_proportion() -> None:
    """Contract: lists are draws of the Plackett-Luce model of exp(x'theta / T) (chi-square, all orders of three)."""
    theta = np.zeros((3, DIM))
    theta[:, 0] = np.array([0.0, 0.02, 0.05]) * UNIT / 90
    known = stack([row_of(each, np.eye(DIM), 5, 1, 15) for each in theta], CLICKS_ONLY)
    x = np.zeros((20_000, DIM), np.int8)
    x[:, 0] = 90
    policy = make_policy("softmax:temperature=0.05")
    scores = policy.score(x, known, np.full(20_000, 3), seeds_of(20_000))
    weight = np.exp(np.array([0.0, 0.4, 1.0]))
    assert policy.chances(x[:1], known, np.ones((1, 3), np.bool_))[0] == pytest.approx(weight / weight.sum(), abs=1e-6)
    orders, counts = np.unique(np.argsort(-(scores.mean + scores.bonus), axis=1), axis=0, return_counts=True)
    a, b, c = orders.T
    expected = 20_000 * weight[a] / weight.sum() * weight[b] / (weight[b] + weight[c])
    assert ((counts - expected) ** 2 / expected).sum() < 5 + 5 * math.sqrt(2 * 5)
