"""Users who come back and move the shares, in few runs."""

from __future__ import annotations

import numpy as np

from tideline.scripts.benchmarks.offline.rules.variant_returns import winner


def test_users_who_come_back_call_no_winner_among_equals_and_find_a_better_one() -> None:
    """Contract: what those very users moved says nothing; counted by what each saw when, every tenth had a winner."""
    assert sum(winner(np.full(3, 0.03), seed) is not None for seed in range(30)) <= 1
    assert [winner(np.array([0.03, 0.09]), seed) for seed in range(5)] == [1] * 5
