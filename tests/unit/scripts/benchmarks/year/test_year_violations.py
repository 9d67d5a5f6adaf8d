"""Broken promises of the simulated year."""

from __future__ import annotations

from tideline.scripts.benchmarks.year.year_violations import Violations


def test_a_violation_is_counted_always_and_told_three_times() -> None:
    """Contract: a year of one mistake does not fill memory."""
    violations = Violations()
    for number in range(5):
        violations.found("late", number, times=2)
    assert (violations.counts, violations.examples) == ({"late": 10}, {"late": ["0", "1", "2"]})
