"""Spending that is known late: how often a budget is overdrawn by what was already under way when it stopped.

One activity, a budget of 400 conversions, demand for three times as many. At price p an hour has Poisson(R exp(-p))
impressions; one in a hundred converts, after a delay that is exponential of mean 36 hours, cut at 7 days. The delays
are not told: they are learned from what has come, of this activity and of others, which together have 1,000 impressions
an hour. Beside it a stop by what has been spent, one by what is expected, the first activity of all, and one whose
others convert in three minutes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.committed import Cohorts, arrived_by, delay_weights, heard_of, pending_of
from tideline.udfs.core.budgets.ledger import HOUR_MS
from tideline.udfs.core.budgets.pacing import Plan, pressure
from tideline.udfs.core.budgets.spending_stop import must_stop

RUNS, BASELINE_RUNS = 1000, 100
HORIZONS = {"two_weeks": 14 * 24, "a_day": 24}
_BUDGET, _RATE, _MEAN_HOURS, _WINDOW_HOURS, _DEMAND = 400, 0.01, 36.0, 7 * 24, 3.0
_OTHERS, _QUICK_HOURS = 1000, 0.05
_SAID_EVERY = 100


class Stop(StrEnum):
    """What a budget is controlled by."""

    REALISED = "realised"
    COMMITTED = "committed"
    RESERVE = "reserve"
    ALONE = "alone"
    AMONG_QUICK = "among_quick"


def run(seed: int, hours: int, stop: Stop) -> float:
    """Return what one activity spends in the end, over its budget."""
    rng, plan = np.random.default_rng(seed), Plan(0, 1, np.ones(hours))
    others = [] if stop is Stop.ALONE else [_others(rng, _QUICK_HOURS if stop is Stop.AMONG_QUICK else _MEAN_HOURS)]
    shown, known = np.zeros(hours), np.zeros(hours)
    due: list[list[int]] = [[] for _ in range(hours + _WINDOW_HOURS + 2)]
    for hour in range(hours):
        for cohort in due[hour]:
            known[cohort] += 1
        committed, has_room = _standing(_cohorts(shown[:hour], known[:hour]), others, stop)
        if has_room:
            price = pressure(np.append(committed, 0.0), plan, _BUDGET, 0.0)
            shown[hour] = rng.poisson(_DEMAND * _BUDGET / _RATE / hours * np.exp(-price))
            for delay in _delays(rng, int(rng.binomial(int(shown[hour]), _RATE))):
                due[hour + int(delay) + 1].append(hour)
    return sum(map(len, due)) / _BUDGET


def _standing(cohorts: Cohorts, others: list[Cohorts], stop: Stop) -> tuple[NDArray[np.float64], bool]:
    """Return what each hour is taken to have spent, and whether there is room for more."""
    if stop is Stop.REALISED:
        return cohorts.conversions, bool(cohorts.conversions.sum() < _BUDGET)
    pending = pending_of(cohorts, delay_weights(cohorts, heard_of([cohorts, *others])))
    committed = cohorts.conversions + pending.by_hour
    if stop is Stop.COMMITTED:
        return committed, bool(committed.sum() < _BUDGET)
    return committed, not must_stop(int(cohorts.conversions.sum()), pending.upper, 1, _BUDGET)


def _delays(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    inside = -np.expm1(-_WINDOW_HOURS / _MEAN_HOURS)
    found: NDArray[np.float64] = -_MEAN_HOURS * np.log1p(-rng.random(count) * inside)
    return found


def _cohorts(shown: NDArray[np.float64], known: NDArray[np.float64]) -> Cohorts:
    ages = (shown.size - np.arange(shown.size)) * HOUR_MS - HOUR_MS // 2
    return Cohorts(arrived_by(ages, _WINDOW_HOURS * HOUR_MS), shown, known)


def _others(rng: np.random.Generator, mean_hours: float) -> Cohorts:
    shown = np.full(_WINDOW_HOURS, float(_OTHERS))
    ages = (_WINDOW_HOURS - np.arange(_WINDOW_HOURS)) - 0.5
    come = np.expm1(-ages / mean_hours) / np.expm1(-_WINDOW_HOURS / mean_hours)
    return _cohorts(shown, rng.poisson(shown * _RATE * come).astype(np.float64))


def measure(runs: int = RUNS, baseline_runs: int = BASELINE_RUNS) -> dict[str, Any]:
    """Return the share of runs that overdraw their budget, and how much of it is used."""
    found: dict[str, dict[str, Any]] = {}
    for name, hours in HORIZONS.items():
        for stop in Stop:
            times = runs if stop is Stop.RESERVE else baseline_runs
            spent = []
            for seed in range(times):
                spent.append(run(seed, hours, stop))
                if (seed + 1) % _SAID_EVERY == 0:
                    say(f"late_spend: {name}, {stop}: {seed + 1} of {times} runs, mean {np.mean(spent):.3f}")
            found.setdefault(name, {})[stop] = {
                "share_over": float(np.mean(np.array(spent) > 1.0)),
                "mean_used": float(np.mean(spent)),
                "most_used": max(spent),
            }
    shares = {name: each.pop(Stop.RESERVE) | each for name, each in found.items()}
    return {"share_over": max(each["share_over"] for each in shares.values())} | shares
