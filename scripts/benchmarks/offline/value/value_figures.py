"""What is said about a ranker: means over seeds and their intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.scripts.benchmarks.offline.value.value_play import Played

_T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Quantiles of Student's distribution for 1 to 9 degrees of freedom."""


def figures_of(runs: Sequence[Played], attainable: Sequence[Played], random: Sequence[Played]) -> dict[str, Any]:
    """Return the figures of a ranker from its runs, one for each seed, and those of truth and chance at the same seeds.

    `ctr` is clicks by impressions, `first_quarter` the same over the first quarter of the visits, `share_of_attainable`
    (ctr - random) / (attainable - random), `regret` the clicks lost against the truth. Intervals are of 95 %, None
    from one seed.
    """
    every = zip(runs, attainable, random, strict=True)
    shares = [_share(ctr(own), ctr(best), ctr(chance)) for own, best, chance in every]
    lost = [float(best.clicks.sum() - own.clicks.sum()) for own, best in zip(runs, attainable, strict=True)]
    rates = [ctr(own) for own in runs]
    return {
        "ctr": _mean(rates, 5),
        "ctr_ci95": _interval(rates, 5),
        "first_quarter": _mean([ctr(own, quarter=True) for own in runs], 5),
        "share_of_attainable": _mean(shares, 3),
        "share_ci95": _interval(shares, 3),
        "regret": _mean(lost, 1),
    }


def ctr(played: Played, quarter: bool = False) -> float:
    """Return expected clicks by impressions, over all visits or the first quarter of them; 0 where none was shown."""
    visits = max(played.clicks.size // 4, 1) if quarter else played.clicks.size
    shown = int(played.impressions[:visits].sum())
    return float(played.clicks[:visits].sum()) / shown if shown else 0.0


def _share(own: float, best: float, chance: float) -> float:
    return (own - chance) / (best - chance) if best > chance else math.nan


def _mean(values: Sequence[float], digits: int) -> float | None:
    mean = float(np.mean(values))
    return None if math.isnan(mean) else round(mean, digits)


def _interval(values: Sequence[float], digits: int) -> list[float] | None:
    """Return the interval of the mean of independent values."""
    if len(values) < 2 or any(math.isnan(each) for each in values):
        return None
    quantile = _T_975[min(len(values) - 2, len(_T_975) - 1)]
    radius = quantile * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return [round(float(np.mean(values)) + sign * radius, digits) for sign in (-1, 1)]
