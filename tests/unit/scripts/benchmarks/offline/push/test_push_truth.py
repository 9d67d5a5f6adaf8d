"""Worlds in which the job's own functions decide."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.push import push_truth


def test_the_truth_lies_within_the_bounds_that_are_told_of_it() -> None:
    """Contract: and what pushes add is found to be more than nothing."""
    found = push_truth.measure(worlds=3)
    assert found["covered"] == found["worlds"] == found["above_0"] == 3
    assert 0.0 < found["half_width"] < found["truth"]


def test_a_course_is_the_same_again() -> None:
    assert push_truth.play(5, days=3) == push_truth.play(5, days=3)
