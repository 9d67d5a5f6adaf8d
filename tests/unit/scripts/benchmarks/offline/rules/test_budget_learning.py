"""Learning and a budget at once, in a small world."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.rules import budget_learning


def test_a_priced_budget_lasts_while_clicks_are_learned() -> None:
    found = budget_learning.measure(seeds=1, requests=20_000)
    assert 0.8 < found["worst_of_lp"] == found["mean_of_lp"] < 1.02
    assert 0.8 < found["used"] <= 1.05
    assert found["until_empty_of_lp"] < 1.0
