"""Worlds in which the job's own functions decide."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.push import push_truth


def test_the_truth_lies_within_the_bounds_that_are_told_of_it() -> None:
    """Contract: and what pushes add is found to be more than nothing."""
    found = push_truth.measure(worlds=3)
    assert found["covered"] == found["worlds"] == found["above_0"] == 3
    assert 0.0 < found["half_width"] < found["truth"]
    assert 0.7 < found["worst_earned"] <= found["earned"] < 1.0


def test_a_course_is_the_same_again() -> None:
    one, two = push_truth.play(5, days=3), push_truth.play(5, days=3)
    assert (one.said, one.truth) == (two.said, two.truth)


def test_other_thresholds_are_judged_by_the_log_and_refused_without_what_was_withheld() -> None:
    """Contract: each threshold within its bounds in all of few logs."""
    found = push_truth.measure_thresholds(worlds=2)
    assert found.pop("logs") == found.pop("only_sent") == 2
    assert len(found) > 2
    assert {(each["covered"], each["refused"]) for each in found.values()} == {(2, 0)}
    assert found["+0.020"]["gain"] < found["+0.010"]["gain"] < 0.0 < found["-0.010"]["gain"]
