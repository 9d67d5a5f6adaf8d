"""Prices at which lists that know them spend what budgets allow: the dual of the best that can be had.

For any prices, what the priced lists are worth and the budgets at these prices is an upper bound of what any rule can
earn within the budgets; at its least it is the optimum of the linear programme (strong duality), to rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDS = 90
_SLOWER = 15.0
_LEAST = 1e-6
FIRST_CONTEXTS = 512
"""Contexts from which the first price is found."""


class Dual(NamedTuple):
    """The least upper bound that was found, and the prices it was found at."""

    bound: float
    prices: NDArray[np.float64]


def priced(values: NDArray[np.float64], costs: NDArray[np.float64], prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values [U, K] less what costs [U, A] of the first A activities come to at their prices [A]."""
    found = values.copy()
    found[:, : prices.size] -= prices * costs
    return found


def best(scores: NDArray[np.float64], list_size: int) -> NDArray[np.int64]:
    """Return the numbers [U, list_size] of the highest scores, in no order."""
    return np.argpartition(-scores, list_size, axis=1)[:, :list_size]


def solve_dual(
    values: NDArray[np.float64],
    costs: NDArray[np.float64],
    budgets: NDArray[np.float64],
    list_size: int,
    rounds: int = _ROUNDS,
) -> Dual:
    """Return the dual for contexts with values [U, K]; the first A activities cost costs [U, A], budgets are [A]."""
    rows, prices = np.arange(len(values))[:, None], np.ones(budgets.size)
    bound, at = np.inf, prices
    for turn in range(rounds):
        scores = priced(values, costs, prices)
        lists = best(scores, list_size)
        found = float(scores[rows, lists].sum() + prices @ budgets)
        if found < bound:
            bound, at = found, prices
        with_cost = np.where(lists < budgets.size, lists, 0)
        spent = np.bincount(
            with_cost.ravel(), (costs[rows, with_cost] * (lists < budgets.size)).ravel(), minlength=budgets.size
        )
        step = np.clip((spent / budgets - 1.0) / (1.0 + turn / _SLOWER), -1.0, 1.0)
        prices = np.maximum(prices * np.exp(step), _LEAST)
    return Dual(bound, at)
