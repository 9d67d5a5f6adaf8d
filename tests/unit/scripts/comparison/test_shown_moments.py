"""What is asked of the moments of a log is what a set of them would say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tideline.scripts.comparison.shown_moments import ShownMoments


def test_moments_are_those_of_a_set() -> None:
    """Contract: in any batches, each once or often; users that are no pseudonyms and rows of no moment are left out."""
    dice = np.random.default_rng(7)
    users = [f"{number:016x}" for number in dice.integers(0, 2**63, 40).tolist()]
    rows = [(users[at % 40], int(ms)) for at, ms in enumerate(dice.integers(0, 30, 400).tolist())]
    batches = [
        pa.table({"user": [user for user, _ in part], "as_of": [ms for _, ms in part]})
        for part in (rows[:150], rows[150:151], rows[151:], rows[:9])
    ]
    odd = pa.table({"user": ["nobody", users[0]], "as_of": pa.array([1, None], pa.int64())})
    found, known = ShownMoments.of([*batches, odd]), set(rows)
    assert found.user.size == len(known)
    for user in [*users, f"{2**64 - 1:016x}"]:
        assert found.has(user) == any(each == user for each, _ in known)
        for ms in range(31):
            assert found.has(user, ms) == ((user, ms) in known)


def test_a_log_of_nothing_has_none() -> None:
    """Contract: no batches, no moments."""
    assert not ShownMoments.of(()).has(f"{5:016x}")
