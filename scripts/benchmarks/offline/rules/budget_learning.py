"""Learning and a budget at once: LinUCB priced by its ledger, against the optimum of who knows the truth.

60,000 requests, 12 activities, one place; clicks and conversions are linear in six numbers of the user. Worth is a
click and two a conversion; four activities have budgets of 30 % of what the best unpriced rule would spend. Rows and
prices are renewed every 100 requests, and 24 times the first price: what is left, on the newest contexts as known.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tideline.scripts.benchmarks.offline.rules.dual import FIRST_CONTEXTS, solve_dual
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.pacing import Plan, pressure

SEEDS = 10
_FIRST_SEED = 1000
_REQUESTS, _ACTIVITIES, _BUDGETS, _STEP, _DIM = 60_000, 12, 4, 100, 6
_RIDGE, _ALPHA, _PER_CONVERSION = 2.0, 0.3, 2.0
_PERIODS = 24
_GAIN = 8.0
"""Half as much as where the first price stays: it follows what is left as well."""
_ROUNDS = 40
_OUT = -9.0


class World(NamedTuple):
    """Contexts, and the truth of clicks and conversions."""

    x: NDArray[np.float64]
    clicks: NDArray[np.float64]
    conversions: NDArray[np.float64]
    values: NDArray[np.float64]
    budgets: NDArray[np.float64]


def world_of(seed: int, requests: int = _REQUESTS) -> World:
    """Return a world whose rates are linear in its contexts."""
    rng = np.random.default_rng(seed)
    x = np.hstack([np.ones((requests, 1)), rng.normal(size=(requests, _DIM - 1))])
    x[:, 1:] /= np.linalg.norm(x[:, 1:], axis=1, keepdims=True)
    x /= np.sqrt(2)

    def linear(base: float, slope: float) -> NDArray[np.float64]:
        theta = rng.normal(size=(_ACTIVITIES, _DIM))
        theta[:, 1:] *= slope / np.linalg.norm(theta[:, 1:], axis=1, keepdims=True) * np.sqrt(2)
        theta[:, 0] = np.sqrt(2) * base * rng.uniform(0.7, 1.3, _ACTIVITIES)
        return np.clip(x @ theta.T, 0.002, 0.9)

    clicks, conversions = linear(0.06, 0.04), linear(0.02, 0.012)
    clicks[:, :_BUDGETS] *= 1.5
    values = clicks + _PER_CONVERSION * conversions
    top = values.argmax(axis=1)
    free = [conversions[top == number, number].sum() for number in range(_BUDGETS)]
    return World(x, clicks, conversions, values, np.rint(0.3 * np.array(free)) + 5)


class _Learned:
    """What LinUCB knows of clicks and conversions, each linear in the context."""

    def __init__(self) -> None:
        self._design = np.tile(_RIDGE * np.eye(_DIM), (_ACTIVITIES, 1, 1))
        self._seen = np.zeros((_ACTIVITIES, 2, _DIM))

    def rates(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return clicks, conversions and the width of the bounds for contexts [U, DIM], each [U, K]."""
        inverse = np.linalg.inv(self._design)
        theta = np.einsum("kij,krj->kri", inverse, self._seen)
        width = np.sqrt(np.einsum("ui,kij,uj->uk", x, inverse, x))
        return x @ theta[:, 0].T, x @ theta[:, 1].T, width

    def learn(
        self,
        x: NDArray[np.float64],
        chosen: NDArray[np.int64],
        clicked: NDArray[np.bool_],
        converted: NDArray[np.bool_],
    ) -> None:
        """Take in what became of some impressions."""
        for number in np.unique(chosen):
            mine = chosen == number
            self._design[number] += x[mine].T @ x[mine]
            self._seen[number, 0] += x[mine & clicked].sum(axis=0)
            self._seen[number, 1] += x[mine & converted].sum(axis=0)


def play(world: World, seed: int, *, is_priced: bool) -> tuple[float, float]:
    """Return what is earned and the share of the budgets that is used; unpriced ones are spent until empty."""
    rng, requests = np.random.default_rng(seed), len(world.x)
    learned, spent, reward = _Learned(), np.zeros((_PERIODS, _BUDGETS)), 0.0
    plan, first, solved = Plan(0, 1, np.ones(_PERIODS)), np.ones(_BUDGETS), 0
    for start in range(0, requests, _STEP):
        at, left = slice(start, start + _STEP), world.budgets - spent.sum(axis=0)
        period, gone = divmod(start * _PERIODS / requests, 1.0)
        clicks, conversions, width = learned.rates(world.x[at])
        scores = clicks + _PER_CONVERSION * conversions + _ALPHA * width
        if is_priced:
            if int(period) > solved:
                solved = int(period)
                first = _first_prices(
                    learned, world.x[max(start - FIRST_CONTEXTS, 0) : start], left / (requests - start)
                )
            until = spent[: int(period) + 1]
            pressures = [pressure(until[:, a], plan, float(b), gone, _GAIN) for a, b in enumerate(world.budgets)]
            scores[:, :_BUDGETS] -= first * pressures * conversions[:, :_BUDGETS]
        scores[:, :_BUDGETS] = np.where(left <= 0, _OUT, scores[:, :_BUDGETS])
        chosen, rows = scores.argmax(axis=1), np.arange(start, start + len(scores))
        reward += float(world.values[rows, chosen].sum())
        clicked = rng.random(len(rows)) < world.clicks[rows, chosen]
        converted = rng.random(len(rows)) < world.conversions[rows, chosen]
        spent[int(period)] += np.bincount(chosen[converted], minlength=_ACTIVITIES)[:_BUDGETS]
        learned.learn(world.x[at], chosen, clicked, converted)
    return reward, float((spent.sum(axis=0) / world.budgets).mean())


def _first_prices(learned: _Learned, x: NDArray[np.float64], each: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the prices at which some contexts, as they are known, spend what there is for each of them."""
    clicks, conversions, _ = learned.rates(x)
    clicks, conversions = np.clip(clicks, 0, 1), np.clip(conversions, 1e-4, 1)
    budgets = np.maximum(each * len(x), 1e-3)
    return solve_dual(clicks + _PER_CONVERSION * conversions, conversions[:, :_BUDGETS], budgets, 1, _ROUNDS).prices


def measure(seeds: int = SEEDS, requests: int = _REQUESTS) -> dict[str, Any]:
    """Return what is earned of the optimum, priced and until empty."""
    shares: dict[str, list[float]] = {"priced": [], "until_empty": []}
    used = []
    for seed in range(_FIRST_SEED, _FIRST_SEED + seeds):
        world = world_of(seed, requests)
        bound = solve_dual(world.values, world.conversions[:, :_BUDGETS], world.budgets, 1).bound
        for name, found in shares.items():
            reward, share = play(world, 5000 + seed, is_priced=name == "priced")
            found.append(reward / bound)
            used += [share] if name == "priced" else []
        say(f"learning: priced {shares['priced'][-1]:.4f}, until empty {shares['until_empty'][-1]:.4f}, seed {seed}")
    return {
        "mean_of_lp": float(np.mean(shares["priced"])),
        "worst_of_lp": float(np.min(shares["priced"])),
        "used": float(np.mean(used)),
        "until_empty_of_lp": float(np.mean(shares["until_empty"])),
    }
