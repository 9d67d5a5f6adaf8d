"""The figures of an evaluation with their intervals: as a record for JSON and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.models.bootstrap import group_sums, jackknife_interval, percentile_interval, resampled_means
from tideline.models.metrics import METRICS, per_target
from tideline.udfs.core.experiments.lift import Rate, share_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.models.ranking import Ranked

COVERAGE = "coverage@20"
_SHARE_OF = {"precision@20": 0.05}
"""Largest value of a metric; 1 of the others."""
TABLE_METRICS = (
    "hr@5", "hr@10", "hr@20", "ndcg@5", "ndcg@10", "ndcg@20", "mrr@20", "precision@20", COVERAGE, "log_loss",
)  # fmt: skip
DIFFERENCE_METRICS = ("hr@10", "hr@20", "ndcg@20", "mrr@20", "log_loss")

Figure = dict[str, Any]


def figures(
    found: Mapping[str, Ranked], sequence: NDArray[np.int64], sequences: int, seed: int
) -> tuple[dict[str, dict[str, Figure]], dict[str, dict[str, Figure]]]:
    """Return value and 95 % interval of each model's metrics, and of "gru" minus each other model.

    Means have percentile intervals of a bootstrap over sequences, the same draws for every model; coverage has a
    jackknife interval. A model without probabilities has no log_loss; a figure without any value is None.
    """
    keys = _keys(found)
    at = {key: position for position, key in enumerate(keys)}
    sample, means = _means(found, at, (sequence, sequences), seed)
    lost = {model: ranked.coverage.lost(sequences) for model, ranked in found.items()}

    own: dict[str, dict[str, Figure]] = {model: {} for model in found}
    for (model, metric), position in at.items():
        low, high = percentile_interval(sample[:, position])
        own[model][metric] = _figure(means[position], _not_certain(metric, means[position], low, high, sequences))
    for model, ranked in found.items():
        value = ranked.coverage.value
        low, high = jackknife_interval(value, lost[model])
        own[model][COVERAGE] = _figure(value, (max(low, 0.0), min(high, 1.0)))

    minus: dict[str, dict[str, Figure]] = {model: {} for model in found if model != "gru" and "gru" in found}
    for other in minus:
        for metric in [metric for model, metric in keys if model == other]:
            a, b = at["gru", metric], at[other, metric]
            minus[other][metric] = _figure(
                means[a] - means[b], _of_difference(metric, sample[:, a] - sample[:, b], sequences)
            )
        value = found["gru"].coverage.value - found[other].coverage.value
        minus[other][COVERAGE] = _figure(value, jackknife_interval(value, lost["gru"] - lost[other]))
    return own, minus


def _keys(found: Mapping[str, Ranked]) -> list[tuple[str, str]]:
    """Return model and metric of each mean; a model without probabilities has no log_loss."""
    likely = {model for model, ranked in found.items() if model == "gru" or _has_values(ranked.ranks.log_p)}
    return [(model, metric) for model in found for metric in METRICS if metric != "log_loss" or model in likely]


def _means(
    found: Mapping[str, Ranked], at: Mapping[tuple[str, str], int], groups: tuple[NDArray[np.int64], int], seed: int
) -> tuple[NDArray[np.float64], list[float]]:
    """Return the resampled means [draws, M] and the means [M] of the columns `at`; 16 bytes a sequence and column."""
    sums, counts = np.empty((2, groups[1], len(at)))
    means = [float("nan")] * len(at)
    for model, ranked in found.items():
        for metric, values in per_target(ranked.ranks).items():
            position = at.get((model, metric))
            if position is not None:
                total, count = group_sums(values, *groups)
                sums[:, position], counts[:, position] = total, count
                means[position] = _mean(total.sum(), count.sum())
    return resampled_means(sums, counts, seed), means


def table(own: Mapping[str, Mapping[str, Figure]], minus: Mapping[str, Mapping[str, Figure]]) -> str:
    """Return the figures for people: a row for each model, the best of each column marked with *."""
    width = max(map(len, own))
    lines = [" " * width + "".join(f"{metric:>14}" for metric in TABLE_METRICS)]
    best = {metric: _best(own, metric) for metric in TABLE_METRICS}
    for model, values in own.items():
        cells = [_cell(values.get(metric), best[metric]) for metric in TABLE_METRICS]
        lines.append(f"{model:<{width}}" + "".join(f"{cell:>14}" for cell in cells))
    if minus:
        lines += ["", "gru minus baseline, 95 % interval"]
    for model, values in minus.items():
        shown = [f"{metric} {_span(values[metric])}" for metric in DIFFERENCE_METRICS if metric in values]
        lines.append(f"{model:<{width}}  " + "  ".join(shown))
    return "\n".join(lines)


def _not_certain(metric: str, value: float, low: float, high: float, sequences: int) -> tuple[float, float]:
    """Return an interval with the width that so many sequences leave it, where all of them give one value."""
    if low < high or np.isnan(value):
        return low, high
    if metric == "log_loss":
        return float("nan"), float("nan")  # it has no bound, so nothing is known of what was not seen
    most = _SHARE_OF.get(metric, 1.0)
    ends = share_interval(Rate(value / most, float("nan"), sequences))
    return min(ends[0] * most, value), max(ends[1] * most, value)


def _of_difference(metric: str, drawn: NDArray[np.float64], sequences: int) -> tuple[float, float]:
    """Return the interval of a difference, as wide as that of a share from -1 to 1 where all sequences agree on it."""
    low, high = percentile_interval(drawn)
    if low < high or np.isnan(low) or metric == "log_loss":
        return low, high
    most = _SHARE_OF.get(metric, 1.0)
    ends = share_interval(Rate((low / most + 1.0) / 2.0, float("nan"), sequences))
    return min((2.0 * ends[0] - 1.0) * most, low), max((2.0 * ends[1] - 1.0) * most, high)


def _has_values(values: NDArray[np.float64]) -> bool:
    return bool((~np.isnan(values)).any())


def _mean(total: float, count: float) -> float:
    return float(total / count) if count else float("nan")


def _figure(value: float, interval: tuple[float, float]) -> Figure:
    low, high = (None if np.isnan(edge) else edge for edge in interval)
    return {"value": None if np.isnan(value) else value, "ci95": [low, high]}


def _best(own: Mapping[str, Mapping[str, Figure]], metric: str) -> float | None:
    values = [values[metric]["value"] for values in own.values() if metric in values]
    known: list[float] = [value for value in values if value is not None]
    if not known:
        return None
    return min(known) if metric == "log_loss" else max(known)


def _cell(figure: Figure | None, best: float | None) -> str:
    if figure is None or figure["value"] is None:
        return "-"
    return f"{figure['value']:.4f}{'*' if figure['value'] == best else ' '}"


def _span(figure: Figure) -> str:
    if figure["value"] is None:
        return "-"
    low, high = figure["ci95"]
    return f"{figure['value']:+.4f} [{low:+.4f}, {high:+.4f}]"
