"""The policy that ranks by pairs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.policy_rows import any_pairs, contexts, learned, scored, seeds_of
from tideline.udfs.core.policies.base import linear_mean, squared_width
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import stack

WEIGHTS = np.array([1.0, 2.0, 0.0])


def test_a_score_is_what_pairs_say_and_the_rest_of_the_activity() -> None:
    """Contract: worth (z'w) + x'r, and as bonus alpha worth s sqrt(x' A^-1 x + z' C^-1 z)."""
    rows = [row._replace(by_click=(1.0, 0.25 * at, 0.0)) for at, row in enumerate(learned(5, 1)[0])]
    shared = any_pairs(np.random.default_rng(2))
    known, every = stack(rows, WEIGHTS, shared), scored(contexts(8, 1), 5)
    found = make_policy("pairs:alpha=0.3").score(every, known, np.full(8, 5), seeds_of(8))
    worth = 1.0 + 0.5 * np.arange(5)
    assert every.pairs is not None
    mean, variance = known.pairs.expected(every.pairs)
    assert found.mean == pytest.approx(worth * mean + linear_mean(every.x, known))
    width = np.sqrt(variance + squared_width(every.x, known))
    assert found.bonus == pytest.approx(0.3 * shared.noise * worth * width)


def test_who_costs_more_than_he_brings_gets_no_bonus() -> None:
    """Contract: a negative worth lowers the mean and explores nothing."""
    rows = [row._replace(by_click=(1.0, 3.0, 0.0)) for row in learned(1, 1)[0]]
    known = stack(rows, np.array([1.0, -2.0, 0.0]), any_pairs(np.random.default_rng(2)))
    found = make_policy("pairs").score(scored(contexts(4, 1), 1), known, np.full(4, 1), seeds_of(4))
    assert not found.bonus.any()
