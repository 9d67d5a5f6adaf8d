"""What a benchmark of a backfill calls a fault."""

from __future__ import annotations

from tideline.scripts.benchmarks.live.backfill_rate import Ran, differences

LIVE = Ran(1_000.0, 5.0, {"u1": b"a", "u2": b"b", "u3": b"c"})


def test_the_same_states_are_no_fault_however_fast_they_came() -> None:
    assert differences("backfill", LIVE, Ran(9_000.0, 1.0, dict(LIVE.states))) == []


def test_other_bytes_a_lost_user_and_one_too_many_are_faults() -> None:
    """Contract: users of either run are compared, and the first that differs is named."""
    other = Ran(1_000.0, 5.0, {"u1": b"a", "u2": b"x", "u4": b"d"})

    assert differences("killed", LIVE, other) == ["killed: the states of 3 of 4 users differ, u2 first"]
