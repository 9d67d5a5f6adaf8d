"""Spending that is known late: how often a budget is overdrawn by what was already under way when it stopped.

One activity, a budget of 400 conversions, demand for three times as many. At price p an hour has Poisson(R exp(-p))
impressions; one in a hundred converts, after a delay that is exponential of mean 36 hours, cut at 7 days. The delays
are not told: they are learned from what has come, four times an hour in a day and once in two weeks. Beside it a stop
by what has been spent and one by what is expected; and the first one where conversions come in three minutes, where
seven in ten do and the others in 36 hours, and where the budget is a tenth.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.committed import cohorts_of, pending_of
from tideline.udfs.core.budgets.ledger import HOUR_MS, LEDGER, NO_LAGS
from tideline.udfs.core.budgets.pacing import Plan, pressure
from tideline.udfs.core.budgets.spending_stop import must_stop
from tideline.udfs.core.lags import lag_code

if TYPE_CHECKING:
    from numpy.typing import NDArray

RUNS, BASELINE_RUNS = 1000, 100

_RATE, _WINDOW_HOURS, _DEMAND = 0.01, 7 * 24, 3.0
_LATE_HOURS, _QUICK_HOURS = 36.0, 0.05
_WINDOW_MS = _WINDOW_HOURS * HOUR_MS
_SAID_EVERY = 100


class Stop(StrEnum):
    """What a budget is controlled by."""

    REALISED = "realised"
    COMMITTED = "committed"
    RESERVE = "reserve"


class Horizon(NamedTuple):
    """Hours of a budget, and how often in each it is looked at."""

    hours: int
    looks: int


HORIZONS = {"two_weeks": Horizon(14 * 24, 1), "a_day": Horizon(24, 4)}


class Setting(NamedTuple):
    """What comes of a budget's impressions, and what it is controlled by."""

    stop: Stop = Stop.RESERVE
    budget: int = 400
    quick: float = 0.0
    """Share of conversions that come in three minutes."""


SETTINGS = {
    "reserve": Setting(),
    "realised": Setting(Stop.REALISED),
    "committed": Setting(Stop.COMMITTED),
    "quick": Setting(quick=1.0),
    "mixed": Setting(quick=0.7),
    "small": Setting(budget=40),
    "small_quick": Setting(budget=40, quick=1.0),
    "small_mixed": Setting(budget=40, quick=0.7),
}
_FIRST = "reserve"


class Known(NamedTuple):
    """What has come of impressions by now."""

    ledger: NDArray[Any]
    lags: NDArray[np.int64]


def run(seed: int, horizon: Horizon, setting: Setting) -> float:
    """Return what one activity spends in the end, over its budget."""
    rng, plan, budget = np.random.default_rng(seed), Plan(0, 1, np.ones(horizon.hours)), setting.budget
    known = Known(np.zeros(horizon.hours, LEDGER), NO_LAGS.copy())
    known.ledger["hour"] = np.arange(horizon.hours)
    most = _DEMAND * budget / _RATE / horizon.hours / horizon.looks
    due: list[list[tuple[int, float]]] = [[] for _ in range((horizon.hours + _WINDOW_HOURS + 2) * horizon.looks)]
    for look in range(horizon.hours * horizon.looks):
        hour = look // horizon.looks
        for cohort, delay in due[look]:
            known.ledger["conversions"][cohort] += 1
            known.lags[lag_code(int(delay * HOUR_MS))] += 1
        committed, has_room = _standing(known, look * HOUR_MS // horizon.looks, setting)
        if has_room:
            price = pressure(committed, plan, budget, look / horizon.looks - hour)
            shown = rng.poisson(most * np.exp(-price))
            known.ledger["impressions"][hour] += shown
            for delay in _delays(rng, int(rng.binomial(shown, _RATE)), setting.quick).tolist():
                due[look + int(delay * horizon.looks) + 1].append((hour, delay))
    return sum(map(len, due)) / budget


def _standing(known: Known, now_ms: int, setting: Setting) -> tuple[NDArray[np.float64], bool]:
    """Return what each hour until now is taken to have spent, and whether there is room for more."""
    ledger = known.ledger[: now_ms // HOUR_MS + 1]
    conversions = ledger["conversions"].astype(np.float64)
    spent = int(conversions.sum())
    if setting.stop is Stop.REALISED:
        return conversions, spent < setting.budget
    (pending,) = pending_of(cohorts_of([(ledger, known.lags)], now_ms, _WINDOW_MS), _WINDOW_MS)
    committed = conversions + pending.by_hour
    if setting.stop is Stop.COMMITTED:
        return committed, bool(committed.sum() < setting.budget)
    return committed, not must_stop(spent, pending.most, 1, setting.budget)


def _delays(rng: np.random.Generator, count: int, quick: float) -> NDArray[np.float64]:
    mean = np.where(rng.random(count) < quick, _QUICK_HOURS, _LATE_HOURS)
    found: NDArray[np.float64] = -mean * np.log1p(rng.random(count) * np.expm1(-_WINDOW_HOURS / mean))
    return found


def measure(runs: int = RUNS, baseline_runs: int = BASELINE_RUNS) -> dict[str, Any]:
    """Return the share of runs that overdraw their budget, and how much of it is used."""
    found: dict[str, dict[str, Any]] = {}
    for horizon, length in HORIZONS.items():
        for name, setting in SETTINGS.items():
            times = runs if name == _FIRST else baseline_runs
            spent = []
            for seed in range(times):
                spent.append(run(seed, length, setting))
                if (seed + 1) % _SAID_EVERY == 0:
                    say(f"late_spend: {horizon}, {name}: {seed + 1} of {times} runs, mean {np.mean(spent):.3f}")
            found.setdefault(horizon, {})[name] = {
                "share_over": float(np.mean(np.array(spent) > 1.0)),
                "mean_used": float(np.mean(spent)),
                "most_used": max(spent),
            }
    shares = {horizon: each.pop(_FIRST) | each for horizon, each in found.items()}
    return {"share_over": max(each["share_over"] for each in shares.values())} | shares
