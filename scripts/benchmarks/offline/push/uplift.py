"""Whom to push: by what a push adds, by the chance to buy, or anybody, where the truth is known.

200,000 users have four traits. Who is loyal buys anyway; whom a push moves has another trait, and the loyal less of
it; each push costs .004 of a purchase. A log of 100,000 of them sends with the usual chance. What is learned from it
chooses a fifth of the others, and is judged by what those truly gain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.push.effect_sums import PUSH_ROWS, effect_entries
from tideline.udfs.core.push.effects import Costs, effects_of, push_values
from tideline.udfs.core.push.push_prices import SEND
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEEDS = 20
_FIRST_SEED = 1000
_USERS, _COST, _TRAITS = 200_000, 0.004, 4
_SPREAD = 25.0
_RIDGE = 20.0
COSTS = Costs((0.0, 1.0, 0.0), _COST)
"""A purchase is worth one."""


class Shop(NamedTuple):
    """Users: their traits, contexts, chance to buy anyway and what a push adds to it."""

    traits: NDArray[np.float64]
    x: NDArray[np.int8]
    anyway: NDArray[np.float64]
    effect: NDArray[np.float64]


def shop_of(random: np.random.Generator, users: int = _USERS) -> Shop:
    """Return a shop's users."""
    traits = random.normal(size=(users, _TRAITS))
    anyway = 1.0 / (1.0 + np.exp(3.0 - traits[:, 0] - 0.3 * traits[:, 1]))
    effect = 0.012 + 0.010 * traits[:, 2] - 0.006 * traits[:, 0] + 0.003 * traits[:, 1]
    x = np.zeros((users, DIM), np.int8)
    x[:, 0], x[:, 1 : 1 + _TRAITS] = CONSTANT_X, np.clip(np.rint(traits * _SPREAD), -127, 127)
    return Shop(traits, x, anyway, np.clip(effect, -anyway, 1.0 - anyway))


def measure(seeds: int = SEEDS, users: int = _USERS) -> dict[str, Any]:
    """Return the mean share of the best gain that a fifth of the users bring, chosen in each of three ways."""
    found: dict[str, list[float]] = {"share_of_best": [], "random": [], "by_propensity": []}
    for seed in range(_FIRST_SEED, _FIRST_SEED + seeds):
        random = np.random.default_rng(seed)
        shop = shop_of(random, users)
        order = random.permutation(users)
        logged, others = order[: users // 2], order[users // 2 :]
        rows = _log(shop, logged, random)
        scores = {
            "share_of_best": _by_effect(rows, shop, others),
            "random": random.random(others.size),
            "by_propensity": _by_propensity(rows, shop.traits[logged], shop.traits[others]),
        }
        gain = shop.effect[others] - _COST
        best = float(np.sort(gain)[-(others.size // 5) :].sum())
        for name, score in scores.items():
            chosen = np.argsort(-score, kind="stable")[: others.size // 5]
            found[name].append(float(gain[chosen].sum()) / best)
        say(f"uplift: {found['share_of_best'][-1]:.3f} of the best gain, seed {seed}")
    return {name: float(np.mean(shares)) for name, shares in found.items()} | {"worst": min(found["share_of_best"])}


def _log(shop: Shop, logged: NDArray[np.int64], random: np.random.Generator) -> NDArray[Any]:
    rows = np.zeros(logged.size, PUSH_ROWS)
    rows["x"], rows["chance"], rows["decisions"] = shop.x[logged], SEND, 1
    rows["sent"] = random.random(logged.size) < SEND / PARTS
    chance = shop.anyway[logged] + rows["sent"] * shop.effect[logged]
    rows["rewards"][:, 1] = random.random(logged.size) < chance
    return rows


def _by_effect(rows: NDArray[Any], shop: Shop, others: NDArray[np.int64]) -> NDArray[np.int64]:
    effects = effects_of(effect_entries(rows, Decay(0)), Decay(0))
    return push_values(effects, COSTS, shop.x[others], np.zeros(others.size, np.int64))


def _by_propensity(rows: NDArray[Any], logged: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance to buy, by a ridge regression over those who were pushed."""
    f = np.column_stack([np.ones(len(logged)), logged])[rows["sent"] == 1]
    bought = rows["rewards"][rows["sent"] == 1, 1].astype(np.float64)
    theta = np.linalg.solve(f.T @ f + _RIDGE * np.eye(f.shape[1]), f.T @ bought)
    found: NDArray[np.float64] = np.column_stack([np.ones(len(others)), others]) @ theta
    return found
