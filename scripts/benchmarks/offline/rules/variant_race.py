"""Two variants of one activity: how often a winner is called where there is none, and how soon a better one is found.

Users come one after another, with 1 to 5 impressions each and a click rate of their own, 2 % on average. Shares and the
verdict are renewed after every 500 of 60,000 users. Beside it the usual test of two rates, looked at as often.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.variants.variant_shares import LEAST, PARTS, chances_of_best, earning_shares
from tideline.udfs.core.variants.variant_verdict import Difference, Leader, difference_of, leader_of, pseudo_outcomes

NULL_RUNS, RUNS = 2000, 400
_LOOK, _LOOKS, _AT_ONCE = 500, 120, 200
_RATE, _SEEN = 0.02, 3.0
_Z_95 = 1.96
_CODES = {Leader.UNDECIDED: 0, Leader.FIRST: -1, Leader.SECOND: 1}


class Race(NamedTuple):
    """Of each run: who was called the winner (-1 first, 1 second, 0 nobody), after how many users, what it cost."""

    leader: NDArray[np.int64]
    after: NDArray[np.int64]
    peeked: NDArray[np.bool_]
    """The usual test called one at some look."""
    lost: NDArray[np.float64]
    """Clicks until then that the better variant alone would have brought more."""


def run(lift: float, runs: int, seed: int, *, earning: bool) -> Race:
    """Return what runs come to where the second variant is better by a lift; shares stay even or earn."""
    rng = np.random.default_rng(seed)
    share = np.full(runs, 0.5)
    shown, clicks = np.zeros((runs, 2)), np.zeros((runs, 2))
    sums, mean = [Difference()] * runs, np.full(runs, _RATE * _SEEN)
    leader, after = np.zeros((2, runs), np.int64)
    peeked, lost = np.zeros(runs, np.bool_), np.zeros(runs)
    for look in range(1, _LOOKS + 1):
        second = rng.random((runs, _LOOK)) < share[:, None]
        seen, own = rng.integers(1, 6, (runs, _LOOK)), rng.gamma(2.0, 0.5, (runs, _LOOK))
        brought = rng.binomial(seen, np.minimum(own * np.where(second, _RATE * (1 + lift), _RATE), 1.0))
        lost += np.where(leader == 0, (np.where(second, 0, seen) * _RATE * lift).sum(axis=1), 0.0)
        for variant, here in enumerate((~second, second)):
            shown[:, variant] += (seen * here).sum(axis=1)
            clicks[:, variant] += (brought * here).sum(axis=1)
        outcomes = pseudo_outcomes(brought.astype(np.float64), second, share[:, None], mean[:, None])
        for number in np.flatnonzero(leader == 0).tolist():
            sums[number] = sums[number].plus(difference_of(outcomes[number]))
            leader[number] = _CODES[leader_of(sums[number], (clicks[number, 0], clicks[number, 1]))]
            after[number] = look * _LOOK
        mean = clicks.sum(axis=1) / shown.sum(axis=1) * _SEEN
        peeked |= _usual_test(clicks, shown)
        if earning:
            share = earning_shares(chances_of_best(clicks, shown))[:, 1] / PARTS
    return Race(leader, after, peeked, lost)


def _usual_test(clicks: NDArray[np.float64], shown: NDArray[np.float64]) -> NDArray[np.bool_]:
    rates, pooled = clicks / shown, clicks.sum(axis=1) / shown.sum(axis=1)
    error = np.sqrt(pooled * (1 - pooled) * (1 / shown).sum(axis=1))
    found: NDArray[np.bool_] = np.abs(rates[:, 1] - rates[:, 0]) > _Z_95 * error
    return found


def _runs(lift: float, runs: int, *, earning: bool) -> Race:
    parts = [
        run(lift, min(_AT_ONCE, runs - start), 1000 + start, earning=earning) for start in range(0, runs, _AT_ONCE)
    ]
    return Race(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def measure(null_runs: int = NULL_RUNS, runs: int = RUNS) -> dict[str, Any]:
    """Return false winners where there is none, and how often and soon a variant that is a fifth better is found."""
    found: dict[str, Any] = {"least_share": LEAST / PARTS}
    for name, earning in (("even", False), ("earn", True)):
        equal, better = _runs(0.0, null_runs, earning=earning), _runs(0.2, runs, earning=earning)
        won = better.leader > 0
        found[name] = {
            "false_winners": float((equal.leader != 0).mean()),
            "by_peeking": float(equal.peeked.mean()),
            "found_20": float(won.mean()),
            "median_users_20": float(np.median(better.after[won])) if won.any() else None,
            "clicks_lost_20": float(better.lost.mean()),
        }
        say(f"variants, {name}: {found[name]}")
    return found
