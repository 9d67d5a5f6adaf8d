"""Is the price of a budget what one more unit of it is worth, and what a sample says of the cost of all of them?

In a world of `knapsack`: the dual's price against the optimum with a tenth more and less of one budget, of the three
largest; and what priced lists are worth less than unpriced ones, of all requests and of 1 in 64 drawn by their number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tideline.scripts.benchmarks.offline.rules.knapsack import REQUESTS, SLOTS, world_of
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.dual import best, priced, solve_dual

_SEED = 1000
_LARGEST, _PART, _ONE_IN = 3, 0.1, 64


def measure(requests: int = REQUESTS) -> dict[str, Any]:
    """Return by how much a price is off one more unit's worth, and a sampled cost in standard errors off the exact."""
    world = world_of(_SEED, requests)
    values, costs, budgets = world.values, world.costs, world.budgets
    dual = solve_dual(values, costs, budgets, SLOTS)
    off = []
    for number in np.argsort(-budgets)[:_LARGEST].tolist():
        bounds = []
        for factor in (1 + _PART, 1 - _PART):
            changed = budgets.copy()
            changed[number] *= factor
            bounds.append(solve_dual(values, costs, changed, SLOTS).bound)
        slope = (bounds[0] - bounds[1]) / (2 * _PART * budgets[number])
        off.append(float(abs(dual.prices[number] / slope - 1)))
        say(f"price_report: budget {budgets[number]:.0f}, price {dual.prices[number]:.3f}, one more unit {slope:.3f}")
    lists = [best(each, SLOTS) for each in (values, priced(values, costs, dual.prices))]
    free, mine = (np.take_along_axis(values, each, axis=1).sum(axis=1) for each in lists)
    loss = free - mine
    some = np.random.default_rng(_SEED).random(len(loss)) < 1 / _ONE_IN
    error = _ONE_IN * np.sqrt(some.sum()) * loss[some].std()
    return {
        "marginal_off": max(off),
        "total": float(loss.sum() / free.sum()),
        "sampled_off_se": float(abs(_ONE_IN * loss[some].sum() - loss.sum()) / error),
    }
