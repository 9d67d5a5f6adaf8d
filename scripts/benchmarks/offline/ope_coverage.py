"""How right off-policy estimates and their intervals are, over logs of worlds whose truth is known."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.scripts.benchmarks.offline import ope_lists, ope_world
from tideline.udfs.core.evaluation.evaluation import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.evaluation import Estimate
    from tideline.udfs.core.evaluation.intervals import Interval
    from tideline.udfs.core.evaluation.list_estimators import ListEstimate
    from tideline.udfs.core.evaluation.targets import Target

_LIST_EXPLORATION = 0.5
_LISTS_A_ROW = 1.2
"""Lists of three in a log, per row of the other logs: so many leave cascade weights an effective sample above 1,000."""
_REPORT_EVERY = 25


class _Tally:
    """Values and intervals of each estimator over the repeats."""

    def __init__(self, truth: float) -> None:
        self._truth = truth
        self._values: dict[str, list[float]] = {}
        self._inside: dict[str, list[bool]] = {}

    def add(self, name: str, value: float, interval: Interval | None) -> None:
        """Take in one estimate."""
        self._values.setdefault(name, []).append(value)
        if interval is not None:
            self._inside.setdefault(name, []).append(interval.low <= self._truth <= interval.high)

    def found(self) -> dict[str, Any]:
        """Return root mean squared error and coverage by estimator."""
        return {
            name: {
                "rmse": float(np.sqrt(np.square(np.array(values) - self._truth).mean())),
                "coverage": float(np.mean(self._inside[name])) if name in self._inside else None,
            }
            for name, values in self._values.items()
        }


def measure(rows: int, repeats: int) -> dict[str, Any]:
    """Return error and coverage of every estimator over `repeats` logs of `rows` choices, and of lists."""
    single, listed = _Tally(ope_world.truth()), _Tally(ope_lists.truth_of_lists(_LIST_EXPLORATION)[0])
    refused = 0
    for seed in range(1, repeats + 1):
        log, target, _ = ope_world.draw(rows, seed)
        answer = evaluate(log, _always(target))
        refused += answer.refused is not None
        _add(single, answer.estimates)
        lists = ope_lists.draw_lists(round(rows * _LISTS_A_ROW), seed)
        _add_lists(listed, evaluate(lists, _always(ope_lists.in_order(lists, _LIST_EXPLORATION))).lists)
        if seed % _REPORT_EVERY == 0:
            print(f"bench: {seed} of {repeats} logs", file=sys.stderr, flush=True)
    choices = single.found()  # nothing where every log was too small and so refused
    ratio = choices["dr"]["rmse"] / min(choices["ips"]["rmse"], choices["dm"]["rmse"]) if choices else None
    return {
        "rows": rows,
        "repeats": repeats,
        "refused": refused,
        "estimates": choices,
        "dr_rmse_to_best_of_ips_and_dm": ratio,
        "lists": listed.found(),
    }


def _always(target: Target) -> Callable[[NDArray[np.int64]], Target]:
    return lambda fold: target


def _add(tally: _Tally, estimates: Mapping[str, Estimate]) -> None:
    for name, each in estimates.items():
        tally.add(name, each.value, each.ci95)
        for kind, interval in (("empirical_bernstein", each.empirical_bernstein), ("anytime", each.anytime)):
            if interval is not None:
                tally.add(f"{name}_{kind}", each.value, interval)


def _add_lists(tally: _Tally, estimates: Mapping[str, ListEstimate]) -> None:
    for name, each in estimates.items():
        if each.value is not None:
            tally.add(name, each.value, each.ci95)
