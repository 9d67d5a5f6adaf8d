"""Budgets, floors and fairness by the project's own functions, beside the best that can be had and simpler ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tideline.scripts.benchmarks.offline.rules import (
    budget_learning,
    depth_race,
    knapsack,
    late_spend,
    price_report,
    propensities,
    shares_of_lists,
    variant_race,
    variant_returns,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "knapsack": knapsack.measure,
    "learning": budget_learning.measure,
    "late_spend": late_spend.measure,
    "floors": shares_of_lists.measure_floors,
    "fairness": shares_of_lists.measure_fairness,
    "variants": lambda: variant_race.measure() | {"returning": variant_returns.measure()},
    "discount": depth_race.measure,
    "price_report": price_report.measure,
    "propensities": propensities.measure,
}


def measure(only: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the figures of each part, or of those named; those that were not asked for are null."""
    return {name: part() if not only or name in only else None for name, part in PARTS.items()}
