"""Budgets by price: a day's lists against the optimum of the linear programme, beside simpler controllers.

100,000 list requests in 24 hours, 20 activities, three equal positions. Values and costs of an impression are known, so
the controller alone is judged; six activities have budgets of 30 % of what unpriced lists would spend. What is known is
the ledger of the publication before, ten seconds ago. The optimum is the least dual bound: fractional, above all rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.benchmarks.offline.rules.dual import FIRST_CONTEXTS, best, priced, solve_dual
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.ledger import HOUR_MS
from tideline.udfs.core.budgets.pacing import Plan, pressure

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEEDS = 20
_FIRST_SEED = 1000
"""The settings were chosen on seeds 0 to 4."""
_OF_PLAY, _OF_CONTEXTS = 5000, 7000
"""What is drawn in a world is not what made it."""
REQUESTS, _ACTIVITIES, POSITIONS, _BUDGETS = 100_000, 20, 3, 6
_DAY_MS = 24 * HOUR_MS
_PUBLISH_MS = 10_000
_THROTTLED_EVERY = 6
_OUT = -9.0
_SWING = 0.8


class World(NamedTuple):
    """What each request would make of each activity; the first six have budgets, of conversions."""

    values: NDArray[np.float64]
    costs: NDArray[np.float64]
    """Conversions expected, of those with budgets."""
    when_ms: NDArray[Any]
    budgets: NDArray[np.float64]
    plan: Plan


class Played(NamedTuple):
    """What a controller came to."""

    reward: float
    used: float
    over_by: float
    prices: NDArray[np.float64]
    """The day's mean of each over requests."""


def world_of(seed: int, requests: int = REQUESTS) -> World:
    """Return a world; traffic is 1 - .8 cos over the day."""
    rng = np.random.default_rng(seed)
    users = rng.normal(size=(requests, 6))

    def rates(base: float, spread: float) -> NDArray[np.float64]:
        taste = rng.normal(size=(6, _ACTIVITIES))
        taste /= np.linalg.norm(taste, axis=0)
        found: NDArray[np.float64] = 1 / (
            1 + np.exp(-(base + rng.normal(0, spread, _ACTIVITIES) + 0.8 * users @ taste))
        )
        return found

    clicks, conversions = rates(-3.5, 0.2), rates(-4.2, 0.3)
    clicks[:, :_BUDGETS] *= 1.4  # what has a budget is attractive
    values, costs = clicks + 2.0 * conversions, conversions[:, :_BUDGETS]
    drawn, grid = np.sort(rng.random(requests)), np.linspace(0, 1, 2001)
    come = grid - _SWING / (2 * np.pi) * (np.sin(2 * np.pi * grid + 0.7) - np.sin(0.7))
    lists = best(values, POSITIONS)
    free = [costs[(lists == number).any(axis=1), number].sum() for number in range(_BUDGETS)]
    hours = np.diff(np.interp(np.linspace(0, 1, 25), grid, come))
    return World(
        values, costs, np.interp(drawn, come, grid) * _DAY_MS, np.rint(0.3 * np.array(free)), Plan(0, 1, hours)
    )


def play(world: World, seed: int, first: NDArray[np.float64] | None, *, throttled: bool = False) -> Played:
    """Return what the day comes to with prices that start at `first`, or none; `throttled`: by a coin instead."""
    rng = np.random.default_rng(seed)
    steps = _DAY_MS // _PUBLISH_MS
    edges = np.searchsorted(world.when_ms, np.arange(steps + 1) * _PUBLISH_MS)
    tosses, joins = rng.random((len(world.values), POSITIONS)), rng.random((len(world.values), _BUDGETS))
    spent, known, share, reward = np.zeros((24, _BUDGETS)), np.zeros((24, _BUDGETS)), np.ones(_BUDGETS), 0.0
    planned, paid = np.append(0.0, np.cumsum(world.plan.weights)), np.zeros(_BUDGETS)
    for step in range(steps):
        hour, gone = world.plan.gone(step * _PUBLISH_MS)
        total, at = known.sum(axis=0), slice(edges[step], edges[step + 1])
        costs = world.costs[at]
        scores = world.values[at].copy()
        if first is not None:
            prices = first * _pressures(known[: hour + 1], world, gone)
            scores, paid = priced(scores, costs, prices), paid + len(costs) * prices
        if throttled:
            if step % _THROTTLED_EVERY == 0:  # ten percent up or down each minute
                plan = planned[hour] + gone * world.plan.weights[hour]
                share = np.clip(share * np.where(total > world.budgets * plan, 0.9, 1.1), 0.005, 1.0)
            scores[:, :_BUDGETS][joins[at] > share] = _OUT
        scores[:, :_BUDGETS] = np.where(total >= world.budgets, _OUT, scores[:, :_BUDGETS])
        known = spent.copy()  # what the next publication will know
        if costs.size:
            lists, rows = best(scores, POSITIONS), np.arange(len(costs))[:, None]
            reward += float(world.values[at][rows, lists].sum())
            with_budget = np.where(lists < _BUDGETS, lists, 0)
            hit = (lists < _BUDGETS) & (tosses[at] < costs[rows, with_budget])
            spent[hour] += np.bincount(lists[hit], minlength=_BUDGETS)[:_BUDGETS]
    total = spent.sum(axis=0)
    used, over_by = float((total / world.budgets).mean()), float((total - world.budgets).max())
    return Played(reward, used, over_by, paid / len(world.values))


def _pressures(spent: NDArray[np.float64], world: World, gone: float) -> NDArray[np.float64]:
    each = [pressure(spent[:, at], world.plan, float(budget), gone) for at, budget in enumerate(world.budgets)]
    return np.array(each)


def first_prices(world: World, seed: int) -> NDArray[np.float64]:
    """Return the prices that spend the budgets on 512 contexts."""
    some = np.random.default_rng(seed).choice(len(world.values), FIRST_CONTEXTS, replace=False)
    budgets = world.budgets * FIRST_CONTEXTS / len(world.values)
    return solve_dual(world.values[some], world.costs[some], budgets, POSITIONS).prices


def measure(seeds: int = SEEDS, requests: int = REQUESTS) -> dict[str, Any]:
    """Return what is earned of the optimum, over worlds that nothing was tuned on."""
    found: dict[str, list[tuple[float, Played]]] = {"priced": [], "until_empty": [], "throttled": []}
    for seed in range(_FIRST_SEED, _FIRST_SEED + seeds):
        world = world_of(seed, requests)
        bound = solve_dual(world.values, world.costs, world.budgets, POSITIONS).bound
        played = {
            "priced": play(world, _OF_PLAY + seed, first_prices(world, _OF_CONTEXTS + seed)),
            "until_empty": play(world, _OF_PLAY + seed, None),
            "throttled": play(world, _OF_PLAY + seed, None, throttled=True),
        }
        for name, each in played.items():
            found[name].append((each.reward / bound, each))
        say("knapsack: " + ", ".join(f"{name} {rows[-1][0]:.4f}" for name, rows in found.items()) + f", seed {seed}")
    return _figures(found["priced"]) | {name: _figures(found[name]) for name in ("until_empty", "throttled")}


def _figures(found: list[tuple[float, Played]]) -> dict[str, Any]:
    shares = np.array([share for share, _ in found])
    return {
        "mean_of_lp": float(shares.mean()),
        "worst_of_lp": float(shares.min()),
        "used": float(np.mean([each.used for _, each in found])),
        "over_by": max(each.over_by for _, each in found),
    }
