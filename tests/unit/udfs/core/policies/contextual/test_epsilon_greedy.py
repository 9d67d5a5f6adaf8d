"""The best first, and what other policies are without their bonus."""

from __future__ import annotations

from tests.support.policy_rows import CLICKS_ONLY, UNIT, contexts, learned, score
from tideline.udfs.core.fixed_point import THETA_UNIT
from tideline.udfs.core.policies.policy_table import stack


def test_without_bonus_it_is_greedy() -> None:
    """Contract: alpha 0 ranks as epsilon-greedy does, bit for bit; so do chernoff_ucb and Thompson."""
    known = stack(learned(7, 1)[0], CLICKS_ONLY)
    x = contexts(20, 2)
    greedy = score("epsilon_greedy", 0.9, x, known)
    assert (greedy == x.astype(float) @ known.theta.T * (THETA_UNIT / UNIT)).all()
    for name in ("linucb", "chernoff_ucb", "thompson"):
        assert (score(name, 0.0, x, known) == greedy).all()
