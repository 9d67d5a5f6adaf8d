"""Whom to push, in a small shop."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.push import uplift


def test_who_is_moved_gains_more_than_anybody_and_who_buys_anyway_less() -> None:
    """Contract: the order of the three ways is that of the design."""
    found = uplift.measure(seeds=2, users=60_000)
    assert found["by_propensity"] < found["random"] < found["share_of_best"]
    assert found["share_of_best"] > 0.7
    assert found["worst"] <= found["share_of_best"]
