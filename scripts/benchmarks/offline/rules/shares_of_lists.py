"""Shares of impressions by offsets on scores: what floors and fairness reach, and what they cost.

20,000 lists of five of 20 activities whose click rates are known, published every 20 lists from the counts until then.
Floors: the four weakest are owed 2 % each. Fairness: every activity is owed its part of all clicks at its average rate.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.scripts.benchmarks.offline.rules.dual import best
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.owed_exposure import check_floors, floor_offset, merit_offsets, merit_shares

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SEEDS = 10
_FIRST_SEED = 1000
_LISTS, _ACTIVITIES, _POSITIONS, _STEP = 20_000, 20, 5, 20
_FLOOR, _OWED = 0.02, 4
_ROUNDS = 60
_FAIR_CO = 1e-5
_FAIR_WORLDS = 3


def world_of(seed: int, lists: int = _LISTS) -> NDArray[np.float64]:
    """Return the click rate of each activity for each list."""
    rng = np.random.default_rng(seed)
    users, taste = rng.normal(size=(lists, 6)), rng.normal(size=(6, _ACTIVITIES))
    taste /= np.linalg.norm(taste, axis=0)
    found: NDArray[np.float64] = 1 / (1 + np.exp(-(-3.3 + rng.normal(0, 0.5, _ACTIVITIES) + 0.6 * users @ taste)))
    return found


def play(
    values: NDArray[np.float64], offsets: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> tuple[float, NDArray[np.float64]]:
    """Return the clicks of all lists and each activity's share of the impressions."""
    shown, reward = np.zeros(_ACTIVITIES), 0.0
    for start in range(0, len(values), _STEP):
        part = values[start : start + _STEP]
        lists = best(part + offsets(shown), _POSITIONS)
        reward += float(np.take_along_axis(part, lists, axis=1).sum())
        shown += np.bincount(lists.ravel(), minlength=_ACTIVITIES)
    return reward, shown / shown.sum()


def free_lists(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the same of lists without any rule."""
    lists = best(values, _POSITIONS)
    shares = np.bincount(lists.ravel(), minlength=_ACTIVITIES) / lists.size
    return float(np.take_along_axis(values, lists, axis=1).sum()), shares


def share_bound(values: NDArray[np.float64], shares: NDArray[np.float64], least: float) -> float:
    """Return the most that lists with these shares can earn: the least dual bound over offsets.

    Offsets of -1 at `least` let shares be kept exactly, of 0 from below: floors.
    """
    offsets, bound = np.zeros(_ACTIVITIES), np.inf
    owed = shares * len(values) * _POSITIONS
    for turn in range(_ROUNDS):
        scores = values + offsets
        lists = best(scores, _POSITIONS)
        bound = min(bound, float(np.take_along_axis(scores, lists, axis=1).sum() - offsets @ owed))
        lacking = shares - np.bincount(lists.ravel(), minlength=_ACTIVITIES) / lists.size
        offsets = np.where(shares > 0, np.clip(offsets + 0.4 / (1 + turn / 6) * lacking, least, 1), 0.0)
    return bound


def measure_floors(seeds: int = SEEDS, lists: int = _LISTS) -> dict[str, Any]:
    """Return the least share of a floor that was reached, and what was earned of the most that floors allow."""
    reached, of_bound, rewards, without = [], [], [], []
    for seed in range(_FIRST_SEED, _FIRST_SEED + seeds):
        values = world_of(seed, lists)
        free, shares = free_lists(values)
        owed = np.argsort(shares)[:_OWED]
        floors = np.zeros(_ACTIVITIES)
        floors[owed] = _FLOOR
        check_floors({str(number): _FLOOR for number in owed.tolist()}, _POSITIONS)

        def offsets(shown: NDArray[np.float64], owed: NDArray[np.int64] = owed) -> NDArray[np.float64]:
            found, total = np.zeros(_ACTIVITIES), float(shown.sum())
            for number in owed.tolist():
                found[number] = floor_offset(_FLOOR, float(shown[number]), total)
            return found

        reward, got = play(values, offsets)
        reached.append(float((got[owed] / _FLOOR).min()))
        of_bound.append(reward / share_bound(values, floors, 0.0))
        rewards.append(reward / free)
        without.append(float(shares[owed].min()) / _FLOOR)
        say(f"floors: {reached[-1]:.4f} reached, {of_bound[-1]:.4f} of the bound, seed {seed}")
    return {
        "worst_reached": min(reached),
        "of_bound": min(of_bound),
        "reward": float(np.mean(rewards)),
        "without": min(without),
    }


def measure_fairness(seeds: int = SEEDS, lists: int = _LISTS) -> dict[str, Any]:
    """Return how far exposure is from merit on average, and what is earned of lists without the rule.

    In the three worlds that thresholds are given for, and in others: how much merit costs is a matter of the world.
    """
    return _fairness(range(_FAIR_WORLDS), lists) | {"unseen": _fairness(range(_FIRST_SEED, _FIRST_SEED + seeds), lists)}


def _fairness(seeds: range, lists: int) -> dict[str, Any]:
    found: dict[str, list[tuple[float, float]]] = {"merit": [], "half_merit": [], "fair_co": [], "none": []}
    bounds = []
    for seed in seeds:
        values = world_of(seed, lists)
        free, shares = free_lists(values)
        merit = values.mean(axis=0)
        merit /= merit.sum()
        rules: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
            "merit": partial(merit_offsets, merit_shares(shares, merit, 1.0)),
            "half_merit": partial(merit_offsets, merit_shares(shares, merit, 0.5)),
            "fair_co": partial(_fair_co, merit),
            "none": np.zeros_like,
        }
        bounds.append(share_bound(values, merit, -1.0) / free)
        for name, rule in rules.items():
            reward, got = play(values, rule)
            found[name].append((float(np.abs(got / merit - 1).mean()), reward / free))
        say("fairness: " + ", ".join(f"{name} {rows[-1][0]:.3f}" for name, rows in found.items()) + f", seed {seed}")
    figures = {
        name: {"gap": float(np.mean([gap for gap, _ in rows])), "reward": float(np.mean([share for _, share in rows]))}
        for name, rows in found.items()
    }
    return figures.pop("merit") | {"most_possible": float(np.mean(bounds))} | figures


def _fair_co(merit: NDArray[np.float64], shown: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = _FAIR_CO * ((shown / merit).max() - shown / merit)
    return found
