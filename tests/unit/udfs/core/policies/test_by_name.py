"""The policies' scores, against numbers that were worked out another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.policy_rows import (
    CLICKS_ONLY,
    any_pairs,
    contexts,
    learned,
    row_of,
    score,
    scored,
    seeds_of,
    with_alpha,
)
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.base import Contexts, Scores
from tideline.udfs.core.policies.by_name import POLICIES, make_policy
from tideline.udfs.core.policies.policy_table import PAIRS, cold_row, stack


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 60), st.sampled_from(sorted(POLICIES)))
def test_a_score_has_the_same_bits_in_any_batch(seed: int, users: int, activities: int, name: str) -> None:
    """Contract: neither the other users of a batch nor the other activities touch a score; fixed point is for this."""
    rows, x = learned(activities, seed)[0], contexts(users, seed)
    rng = np.random.default_rng(seed)
    weights = np.array([1.0, 37.5, 1e6]) * rng.random(3)
    rows = [
        row._replace(theta=rng.integers(-(2**32), 2**32, (3, DIM)), by_click=(1.0, 0.1, rng.random())) for row in rows
    ]
    policy, eligible, seeds = with_alpha(name, 0.3), rng.integers(1, 99, users), seeds_of(users)
    every, shared = scored(x, activities, seed), any_pairs(rng)
    together = policy.score(every, stack(rows, weights, shared), eligible, seeds)
    for user in rng.integers(0, users, 5).tolist():
        one = slice(user, user + 1)
        alone = policy.score(every.part(one), stack(rows, weights, shared), eligible[one], seeds[one])
        assert alone.mean.tobytes() == together.mean[one].tobytes()
        assert alone.bonus.tobytes() == together.bonus[one].tobytes()
    if policy.randomised:
        return
    for number in rng.integers(0, activities, 5).tolist():
        column = Contexts(x, every.pairs[:, number : number + 1]) if every.pairs is not None else every
        single = policy.score(column, stack(rows[number : number + 1], weights, shared), eligible, seeds)
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


GOLDEN = {"ucb1_tuned": 0.122923055, "ucb_v:z=1,c=1": 0.178451101, "kl_ucb": 0.097415071}
"""Indices for n=200, C=6, t=1000 from other implementations; KL-UCB's is SMPyBandits' to its precision of 1e-6."""


@pytest.mark.parametrize("text", sorted(GOLDEN))
def test_an_index_is_that_of_other_implementations(text: str) -> None:
    known = stack([row_of(np.zeros(DIM), np.eye(DIM), 200, 6, 1000)], CLICKS_ONLY)
    found = make_policy(text).score(Contexts(contexts(3, 1)), known, np.full(3, 10), seeds_of(3))
    assert (found.mean + found.bonus)[:, 0] == pytest.approx(GOLDEN[text], abs=5e-10)
    assert found.mean[0, 0] == 0.03


@pytest.mark.parametrize("name", ["ucb1_tuned", "ucb_v", "kl_ucb"])
def test_an_index_tries_the_untried_and_keeps_those_without_clicks_alive(name: str) -> None:
    """Contract: infinite before the first impression; without a click above 0, and falling with impressions."""
    rows = [row_of(np.zeros(DIM), np.eye(DIM), n, 0, 9_000) for n in (0, 10, 1_000, 8_000)]
    found = score(name, 1.0, contexts(1, 1), stack(rows, CLICKS_ONLY))[0]
    assert found[0] == math.inf
    assert found[1] > found[2] > found[3] > 0.0


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_scores_depend_on_no_more_than_a_policy_says(name: str) -> None:
    """Contract: on draws where it is randomised, on the number of the eligible where it reads that: lists of one user
    share the scores of all others."""
    rows, x = learned(40, 3)[0], contexts(20, 3)
    policy, asked, known = with_alpha(name, 0.3), scored(x, 40, 3), stack(rows, CLICKS_ONLY)
    few, many, seeds = np.full(20, 2), np.full(20, 40), seeds_of(20)
    one = policy.score(asked, known, many, seeds)
    by_eligible, by_seed = policy.score(asked, known, few, seeds), policy.score(asked, known, many, seeds[::-1])

    def differ(other: Scores) -> bool:
        return (one.mean + one.bonus).tobytes() != (other.mean + other.bonus).tobytes()

    assert (differ(by_eligible), differ(by_seed)) == (policy.reads_eligible, policy.randomised)
