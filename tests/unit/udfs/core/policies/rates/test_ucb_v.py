"""UCB-V: an empirical Bernstein bound on the click rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.policy_rows import CLICKS_ONLY, contexts, row_of, score, seeds_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import stack


def test_the_index_is_that_of_other_implementations() -> None:
    """Contract: for n=200, C=6, t=1000."""
    known = stack([row_of(np.zeros(DIM), np.eye(DIM), 200, 6, 1000)], CLICKS_ONLY)
    found = make_policy("ucb_v:z=1,c=1").score(Contexts(contexts(3, 1)), known, np.full(3, 10), seeds_of(3))
    assert (found.mean + found.bonus)[:, 0] == pytest.approx(0.178451101, abs=5e-10)


def test_the_index_tries_the_untried_and_keeps_those_without_clicks_alive() -> None:
    """Contract: infinite before the first impression; without a click above 0, and falling with impressions."""
    rows = [row_of(np.zeros(DIM), np.eye(DIM), n, 0, 9_000) for n in (0, 10, 1_000, 8_000)]
    found = score("ucb_v", 1.0, contexts(1, 1), stack(rows, CLICKS_ONLY))[0]
    assert found[0] == math.inf
    assert found[1] > found[2] > found[3] > 0.0
