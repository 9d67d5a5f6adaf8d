"""Depths of a discount, for a few steps."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.rules import depth_race


def test_depths_that_know_of_each_other_lose_less_than_even_ones() -> None:
    found = depth_race.measure(seeds=2, steps=40)
    assert found.keys() == depth_race.CURVES.keys()
    for each in found.values():
        assert each["lost"] < each["even"]
        assert each["lost"] <= each["worst"]
