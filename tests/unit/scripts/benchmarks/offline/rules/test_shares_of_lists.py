"""Floors and fairness, in a small world."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.rules import shares_of_lists


def test_floors_are_reached_close_to_the_most_that_they_allow() -> None:
    found = shares_of_lists.measure_floors(seeds=1, lists=8_000)
    assert found["worst_reached"] > 0.95
    assert found["of_bound"] > 0.99
    assert found["without"] < 0.5


def test_exposure_follows_merit_where_it_is_asked_to() -> None:
    """Contract: half of it half way, and none of it not at all."""
    found = shares_of_lists.measure_fairness(seeds=1, lists=4_000)
    assert found["gap"] < found["half_merit"]["gap"] < found["none"]["gap"]
    assert found["none"]["reward"] > 0.999
    assert found["unseen"].keys() == found.keys() - {"unseen"}
