"""Prices of budgets from contexts."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.rules.dual import best, priced, solve_dual


def test_the_bound_is_above_what_any_lists_earn_and_close_to_the_best() -> None:
    """Contract: found by trying every choice of four contexts, a position each."""
    rng = np.random.default_rng(2)
    values, costs, budgets = rng.random((4, 3)) + 0.5, rng.random((4, 1)) + 0.2, np.array([0.5])
    values[:, 0] += 0.5
    most = 0.0
    for choice in product(range(3), repeat=4):
        spent = sum(costs[at, 0] for at, number in enumerate(choice) if number == 0)
        if spent <= budgets[0]:
            most = max(most, sum(values[at, number] for at, number in enumerate(choice)))
    found = solve_dual(values, costs, budgets, 1)
    assert most <= found.bound <= most + 0.5


def test_a_budget_that_nobody_fills_has_no_price() -> None:
    rng = np.random.default_rng(3)
    values = rng.random((200, 5))
    found = solve_dual(values, np.full((200, 2), 0.1), np.array([1e6, 1e6]), 2)
    assert found.prices.max() < 1e-3


def test_at_its_prices_lists_spend_what_is_there() -> None:
    rng = np.random.default_rng(4)
    values, costs = rng.random((4000, 6)), rng.random((4000, 1))
    values[:, 0] += 0.3
    budget = np.array([300.0])
    found = solve_dual(values, costs, budget, 2)
    lists = best(priced(values, costs, found.prices), 2)
    assert (costs[:, 0] * (lists == 0).any(axis=1)).sum() == pytest.approx(300.0, rel=0.05)
