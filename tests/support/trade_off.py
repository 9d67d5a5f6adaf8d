"""A uniform log of three actions among which clicks and revenue pull apart, and the truth of it."""

from __future__ import annotations

from typing import Any

import numpy as np

WORTH = (1.0, 1.0, 8.0)
"""Revenue of a conversion by action; half of all clicks convert."""
COST = (0.2, 0.2, 3.0)


def chances(x: Any) -> Any:
    """Return the chance of a click [N, 3]: a and b are liked by one half each, c by few."""
    return np.column_stack([0.10 + 0.05 * np.tanh(x), 0.10 - 0.05 * np.tanh(x), np.full(np.size(x), 0.04)])


def trade_off(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return the rows."""
    random = np.random.default_rng(1)
    x, action = random.normal(size=count), random.integers(0, 3, count)
    click = random.random(count) < chances(x)[np.arange(count), action]
    bought = click & (random.random(count) < 0.5)
    return [
        {
            "x_a": round(float(x[at]), 3), "action": "abc"[which], "propensity": 1 / 3, "reward": int(click[at]),
            "click": int(click[at]), "conversion": int(bought[at]), "revenue": WORTH[which] * bool(bought[at]),
            "cost": COST[which],
        }
        | changes
        for at, which in enumerate(action.tolist())
    ]  # fmt: skip


def best(click: float, revenue: float) -> tuple[float, float]:
    """Return clicks and revenue of an entry where the best action by such weights is always shown."""
    x = np.random.default_rng(2).normal(size=20_000)
    each = chances(x)
    chosen = (each * (click + revenue * 0.5 * np.array(WORTH))).argmax(axis=1)
    rows = np.arange(x.size)
    return float(each[rows, chosen].mean()), float((each * 0.5 * np.array(WORTH))[rows, chosen].mean())
