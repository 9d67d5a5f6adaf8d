"""Lists drawn in proportion to what is expected."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.policy_rows import CLICKS_ONLY, UNIT, row_of, seeds_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import stack


def test_softmax_draws_in_proportion() -> None:
    """Contract: lists are draws of the Plackett-Luce model of exp(x'theta / T) (chi-square, all orders of three)."""
    theta = np.zeros((3, DIM))
    theta[:, 0] = np.array([0.0, 0.02, 0.05]) * UNIT / 90
    known = stack([row_of(each, np.eye(DIM), 5, 1, 15) for each in theta], CLICKS_ONLY)
    x = np.zeros((20_000, DIM), np.int8)
    x[:, 0] = 90
    policy = make_policy("softmax:temperature=0.05")
    scores = policy.score(Contexts(x), known, np.full(20_000, 3), seeds_of(20_000))
    weight = np.exp(np.array([0.0, 0.4, 1.0]))
    chances = policy.chances(Contexts(x[:1]), known, np.ones((1, 3), np.bool_))[0]
    assert chances == pytest.approx(weight / weight.sum(), abs=1e-6)
    orders, counts = np.unique(np.argsort(-(scores.mean + scores.bonus), axis=1), axis=0, return_counts=True)
    a, b, c = orders.T
    expected = 20_000 * weight[a] / weight.sum() * weight[b] / (weight[b] + weight[c])
    assert ((counts - expected) ** 2 / expected).sum() < 5 + 5 * math.sqrt(2 * 5)
