"""The KL-UCB index (Garivier and Cappé 2011)."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.policy_rows import CLICKS_ONLY, contexts, row_of, seeds_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import stack


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**6), st.floats(0, 1), st.integers(2, 10**8), st.floats(0, 5))
def test_kl_ucb_solves_its_equation(n: int, share: float, t: int, c: float) -> None:
    """Contract: the bound q is where n kl(p, q) = L + c ln L, or 1; never outside [p, 1]."""
    clicks = float(int(share * n))
    known = stack([row_of(np.zeros(DIM), np.eye(DIM), n, clicks, t)], CLICKS_ONLY)
    policy = make_policy(f"kl_ucb:c={c}")
    q = float(policy.score(Contexts(contexts(1, 1)), known, np.ones(1, np.int64), seeds_of(1)).bonus[0, 0])
    p = clicks / n
    q += p
    assert p <= q <= 1.0
    bound = math.log(t) + c * math.log(max(math.log(t), 1.0))

    def kl(q: float) -> float:
        ways = ((p, q), (1 - p, 1 - q))
        return sum(a * math.log(a / b) if b > 0 else math.inf for a, b in ways if a > 0)

    assert n * kl(min(q + 1e-6, 1.0)) >= bound * (1 - 1e-6) or q > 1 - 2e-6
    assert n * kl(max(q - 1e-6, p)) <= bound * (1 + 1e-6)
