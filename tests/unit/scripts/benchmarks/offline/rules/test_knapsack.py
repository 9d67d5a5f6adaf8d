"""Budgets by price, in a small world."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.rules import knapsack
from tideline.scripts.benchmarks.offline.rules.dual import solve_dual


def test_prices_earn_more_of_the_optimum_than_spending_until_empty() -> None:
    """Contract: and use their budgets, and go beyond them by one conversion at most."""
    found = knapsack.measure(seeds=1, requests=20_000)
    assert found["until_empty"]["mean_of_lp"] < found["mean_of_lp"]
    assert found["throttled"]["mean_of_lp"] < found["mean_of_lp"]
    assert found["worst_of_lp"] > 0.97
    assert found["used"] > 0.95
    assert found["over_by"] <= 1


def test_first_prices_are_near_those_of_all_contexts() -> None:
    world = knapsack.world_of(3, 20_000)
    all_of_them = solve_dual(world.values, world.costs, world.budgets, 3).prices
    assert abs(knapsack.first_prices(world, 1) / all_of_them - 1).mean() < 0.5
