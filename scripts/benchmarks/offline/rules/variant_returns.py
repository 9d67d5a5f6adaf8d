"""Three variants whose shares follow the clicks of users who come back: how often a winner is called, and is right.

In each of eight stretches two of five users come, with 1 to 3 impressions and a click rate of their own, 3 % on
average. Shares and the report are renewed after each; a course ends with its first winner.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.variants.variant_report import ShownVariants, report_variants
from tideline.udfs.core.variants.variant_shares import PARTS, chances_of_best, earning_shares, even_shares

RUNS = 300
_USERS, _STRETCHES, _COME, _RATE = 6000, 8, 0.4, 0.03


def winner(rates: NDArray[np.float64], seed: int) -> int | None:
    """Return which variant is called the winner, None where none is."""
    rng = np.random.default_rng(seed)
    point, own = rng.random(_USERS) * PARTS, rng.gamma(2.0, 0.5, _USERS)
    share = np.array(even_shares(rates.size), np.int64)
    shown, clicks = np.zeros((2, rates.size))
    parts = []
    for _ in range(_STRETCHES):
        who = np.flatnonzero(rng.random(_USERS) < _COME)
        variant = (np.floor(point[who, None]) >= np.cumsum(share)[:-1]).sum(axis=1)
        seen = rng.integers(1, 4, who.size)
        click = (rng.random(who.size) < np.minimum(own[who] * rates[variant] * seen, 1.0)).astype(np.float64)
        parts.append((who, variant, share[variant] / PARTS, click, click))
        entries = ShownVariants(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        best = report_variants(entries, rates.size, binary=True, least=0.2).best
        if best is not None:
            return best
        shown += np.bincount(variant, seen, rates.size)
        clicks += np.bincount(variant, click, rates.size)
        share = earning_shares(chances_of_best(clicks[None], shown[None]))[0]
    return None


def measure(runs: int = RUNS) -> dict[str, Any]:
    """Return how often a winner is called among three that do not differ, and one of two that is half as good again."""
    alike = [winner(np.full(3, _RATE), seed) for seed in range(runs)]
    better = [winner(np.array([_RATE, 1.5 * _RATE]), seed) for seed in range(runs)]
    found = {
        "false_winners": sum(each is not None for each in alike) / runs,
        "found_50": sum(each == 1 for each in better) / runs,
    }
    say(f"variants, users who come back: {found}")
    return found
