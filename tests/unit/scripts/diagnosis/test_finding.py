"""One thing that was looked at."""

from __future__ import annotations

import pytest

from tideline.scripts.diagnosis.finding import MAX_SKEW_S, Finding, State, clock, ok, unknown, wrong


def test_only_what_is_wrong_must_say_what_to_do() -> None:
    assert ok("java", "21") == Finding("java", State.OK, "21", None)
    assert wrong("java", "none", "install it") == Finding("java", State.WRONG, "none", "install it")
    assert unknown("group", "not asked").to_do is None
    assert unknown("group", "not asked", "give --group-id").to_do == "give --group-id"


@pytest.mark.parametrize(
    ("skew_s", "state"), [(0.0, State.OK), (MAX_SKEW_S, State.OK), (MAX_SKEW_S + 0.01, State.WRONG)]
)
def test_a_clock_may_differ_by_as_much_either_way(skew_s: float, state: State) -> None:
    """Contract: with the sign, and how to set both where it is too much."""
    for sign in (1, -1):
        found = clock("clock of Redis", sign * skew_s)
        assert found.state is state
        assert found.found == f"{sign * skew_s:+.2f} s from this machine"
        assert (found.to_do is None) == (state is State.OK)


def test_a_clock_that_tells_whole_seconds_may_differ_by_one_more() -> None:
    assert clock("clock of Flink", MAX_SKEW_S + 0.9, resolution_s=1.0).state is State.OK
    assert clock("clock of Flink", MAX_SKEW_S + 1.1, resolution_s=1.0).state is State.WRONG
