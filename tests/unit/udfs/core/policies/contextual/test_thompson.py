"""Thompson sampling: draws of the posterior, each a function of its seed."""

from __future__ import annotations

import math

import numpy as np

from tests.support.policy_rows import CLICKS_ONLY, UNIT, contexts, learned, score, seeds_of, with_alpha
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.policy_table import stack


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
    first, again = (policy.score(Contexts(x), known, count, seeds_of(2)).bonus for _ in range(2))
    assert (first == again).all()
    assert (first != policy.score(Contexts(x), known, count, seeds_of(4)[2:]).bonus).all()
    assert policy.randomised
