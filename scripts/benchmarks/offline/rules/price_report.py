"""Is a budget's price what one more unit of it is worth, and does one list in 64 say what all rules cost?

In a world of `knapsack`: the dual's price against the optimum with a tenth more and less of one budget, of the three
largest, and beside it the mean of a day of prices as the controller moves them. Then the lists of all requests under
caps, a stop, the prices, an offset, a quota and exploration, step by step as the job does it: what each class of rules
costs of all of them, and as estimated from those that are sampled.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.scripts.benchmarks.offline.rules.dual import priced, solve_dual
from tideline.scripts.benchmarks.offline.rules.knapsack import POSITIONS, REQUESTS, first_prices, play, world_of
from tideline.scripts.benchmarks.peers.peer_python import run_alone
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.context import DIM
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.contextual.linucb import LinUCB
from tideline.udfs.core.policies.policy_table import Coefficients
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.list_rules import BAN, Description, ListRule
from tideline.udfs.core.ranking.ranking import rank, rank_scores
from tideline.udfs.core.ranking.rule_tables import compiled
from tideline.udfs.core.rule_costs.steps import MICRO, Masks, RuleClass, Sample, steps_of
from tideline.udfs.core.rule_costs.sums import ONE_IN, sampled, summed
from tideline.udfs.core.serving.costs.sampled_decisions import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.rules.knapsack import World

_MODULE = "tideline.scripts.benchmarks.offline.rules.price_report"
_SEED, _OF_PLAY, _OF_CONTEXTS = 1000, 6000, 8000
_LARGEST, _PART = 3, 0.1
_AT_ONCE = 4096
_STOPPED, _OWED, _OFFSET = 7, 12, 0.01
_CAPPED, _EXPLORATION = 0.1, 0.02
_QUOTA = ListRule("category", (0, BAN))
_WEIGHTS = np.ones(POSITIONS)
_LIST_SIZE, _REPEATS = 10, 5
_RANKED = ENOUGH * ONE_IN


def measure(requests: int = REQUESTS) -> dict[str, Any]:
    """Return by how much a price is off one more unit's worth, and what rules cost: of all lists, and as sampled."""
    world = world_of(_SEED, requests)
    dual = solve_dual(world.values, world.costs, world.budgets, POSITIONS)
    day = play(world, _OF_PLAY, first_prices(world, _OF_CONTEXTS)).prices
    off, day_off = [], []
    for number in np.argsort(-world.budgets)[:_LARGEST].tolist():
        bounds = []
        for factor in (1 + _PART, 1 - _PART):
            changed = world.budgets.copy()
            changed[number] *= factor
            bounds.append(solve_dual(world.values, world.costs, changed, POSITIONS).bound)
        slope = (bounds[0] - bounds[1]) / (2 * _PART * world.budgets[number])
        budget, price, mean = world.budgets[number], dual.prices[number], day[number]
        off.append(float(abs(price / slope - 1)))
        day_off.append(float(abs(mean / slope - 1)))
        say(f"price_report: budget {budget:.0f}, price {price:.3f}, day's mean {mean:.3f}, one more unit {slope:.3f}")
    return {"marginal_off": max(off), "day_off": max(day_off)} | _costs(world, dual.prices)


def _costs(world: World, prices: NDArray[np.float64]) -> dict[str, Any]:
    """Return the cost of each class, and of all, by both ways."""
    values, costs, changed, seeds = [], [], [], []
    for start in range(0, len(world.values), _AT_ONCE):
        sample = _sample(world, prices, slice(start, start + _AT_ONCE))
        steps = steps_of(sample, _WEIGHTS)
        values.append(steps.values[0])
        costs.append(steps.costs)
        changed.append(steps.changed)
        seeds.append(sample.seeds)
    free, every = np.concatenate(values).sum() / MICRO, np.concatenate(costs, axis=1) / MICRO
    some = sampled(np.concatenate(seeds))
    found = {name: _both(cost, some) for name, cost in zip(RuleClass, every, strict=True)}
    for at, (name, each) in enumerate(found.items()):
        each["lists_changed"] = float(np.concatenate(changed, axis=1)[at].mean())
        say(f"price_report: {name} cost {each['exact']:.1f}, sampled {each['sampled']:.1f} of {free:.0f}")
    total = _both(every.sum(axis=0), some)
    return {
        "expected": float(free),
        "total": float(total["exact"] / free),
        **{name: total[name] for name in ("exact", "sampled", "sampled_off_se")},
        "worst_class_off_se": max(each["sampled_off_se"] for each in found.values()),
        "classes": found,
        **run_alone(_MODULE),
    }


def _of_ranking() -> float:
    """Return the time of looking at one list in 64 again over that of ranking all, 200 activities under a quota."""
    rng, count = np.random.default_rng(_SEED), 200
    ones, numbers = np.ones(count), np.arange(_RANKED)
    known = Coefficients(
        theta=np.rint(rng.normal(size=(count, DIM)) * 2.0**20),
        inverse=np.rint(rng.normal(size=(count, DIM * (DIM + 1) // 2)) * 2.0**20),
        impressions=ones, total=ones, clicks=ones,
    )  # fmt: skip
    contexts = Contexts(rng.integers(-40, 40, (_RANKED, DIM)).astype(np.int8))
    masks = Masks.of(np.ones((_RANKED, count), np.bool_), rng.random((_RANKED, count)) >= _CAPPED, np.array([_STOPPED]))
    seeds, mask, policy = decision_seeds(numbers.astype(np.uint64), numbers, numbers, 1), masks.final(), LinUCB()
    rules = compiled((ListRule("category", (0, 0, BAN)),), [_about(number) for number in range(count)])
    form, some = ListForm(_LIST_SIZE, _EXPLORATION, rules), sampled(seeds)
    order = rank(policy, known, contexts, mask, seeds, form).order

    def again() -> None:
        part, own = contexts.part(some), seeds[some]
        mean, charged, clicks = (policy.score(part, known, mask[some].sum(axis=1), own).mean for _ in range(3))
        summed(
            Sample(mean, charged, clicks, ones / 100, masks.part(some), own, form, order[some]), np.ones(_LIST_SIZE), 0
        )

    ranking = _seconds(lambda: rank(policy, known, contexts, mask, seeds, form))
    return _seconds(again) / ranking


def _seconds(run: Callable[[], object]) -> float:
    """Return the time of the thread that the fastest of some runs takes, the first not counted."""
    taken = []
    for _ in range(_REPEATS + 1):
        started = time.thread_time()
        run()
        taken.append(time.thread_time() - started)
    return min(taken[1:])


def _about(number: int) -> Description:
    return Description("coupon", (f"c{number // 2}",), {})


def _both(cost: NDArray[np.float64], some: NDArray[np.int64]) -> dict[str, float]:
    error = ONE_IN * np.sqrt(some.size) * cost[some].std()
    exact, estimate = float(cost.sum()), float(ONE_IN * cost[some].sum())
    return {"exact": exact, "sampled": estimate, "sampled_off_se": float(abs(estimate - exact) / error)}


def _sample(world: World, prices: NDArray[np.float64], at: slice) -> Sample:
    """Return the lists of some requests as all rules together make them, and what they were made from."""
    values = world.values[at]
    users, activities = values.shape
    numbers = np.arange(at.start, at.start + users)
    ruled = np.ones(values.shape, np.bool_)
    capped = np.random.default_rng((_SEED, at.start)).random(values.shape) >= _CAPPED
    masks = Masks.of(ruled, capped, np.array([_STOPPED]))
    offset = np.zeros(activities)
    offset[_OWED] = _OFFSET
    charged = priced(values, world.costs[at], prices)
    rules = compiled((_QUOTA,), [_about(number) for number in range(activities)])
    seeds = decision_seeds(numbers.astype(np.uint64), numbers, numbers, _SEED)
    form = ListForm(POSITIONS, _EXPLORATION, rules)
    order = rank_scores(charged + offset, masks.final(), seeds, form).order
    return Sample(values, charged, values, offset, masks, seeds, form, order)


if __name__ == "__main__":
    print(json.dumps({"of_ranking": _of_ranking()}))
