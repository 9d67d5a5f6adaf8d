"""What clicks and another objective could be had together, from a log: the front that the weights of both trace.

A policy of the job is judged under weights from clicks alone to the objective alone. "The objective, with at least a
share of today's clicks" is a price on clicks: the lowest one at which the lower end of what clicks would be keeps them,
sought by halves.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError, TooFew
from tideline.udfs.core.evaluation.columns.row_parts import AT_ONCE, stretches, summed
from tideline.udfs.core.evaluation.evaluation import FOLDS, evaluate, unusable
from tideline.udfs.core.evaluation.learned import crossfitted
from tideline.udfs.core.evaluation.log import folds
from tideline.udfs.core.policies.cold_start import scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tideline.scripts.analysis.read_log import LoggedFile
    from tideline.udfs.core.evaluation.columns.row_parts import Memory
    from tideline.udfs.core.evaluation.evaluation import Estimate
    from tideline.udfs.core.evaluation.log import LoggedFeedback
    from tideline.udfs.core.policies.base import Policy
    from tideline.udfs.core.policies.cold_start import Weights

STEPS = 8
"""Between clicks alone and the objective alone."""
_HALVES = 4
_DECIDE_BY = "dr"
_OUTCOMES = ("click", "conversion", "revenue")
_DIGITS, _LARGE = 4, 1000.0


class Objective(StrEnum):
    """What is wanted beside clicks."""

    CONVERSION = "conversion"
    REVENUE = "revenue"
    MARGIN = "margin"
    """A share of revenue, less what conversions cost."""


class Aim(NamedTuple):
    """An objective over K arms."""

    objective: Objective
    margin_share: float
    costs: NDArray[np.float64]
    """Of a conversion, by arm."""

    def weights(self, clicks: float, gained: float) -> Weights:
        """Return the weights of the job's command by which a click and a unit of the objective are worth so much."""
        if self.objective is Objective.CONVERSION:
            return clicks, gained, 0.0, 0.0
        if self.objective is Objective.REVENUE:
            return clicks, 0.0, gained, 0.0
        return clicks, 0.0, gained * self.margin_share, gained


class Outcomes(NamedTuple):
    """What came of each row of a log."""

    every: NDArray[np.float64]
    """Clicks, conversions and revenue [N, objectives]."""
    gained: NDArray[np.float64]
    """In the objective [N]."""


class Judged(NamedTuple):
    """What the policy would get by some weights, a row of the log each."""

    part: float
    """Of the worth of what was logged that clicks have: 1 is clicks alone."""
    weights: Weights
    clicks: Estimate
    gained: Estimate


class Front(NamedTuple):
    """Everything that was judged, from the objective alone to clicks alone; why nothing could be."""

    points: tuple[Judged, ...]
    today: tuple[float, float]
    """Clicks and the objective of a row as it was logged."""
    chosen: int | None
    """The point with the most of the objective among those whose clicks are surely kept; None where none are."""
    refused: str | None
    warnings: tuple[str, ...] = ()

    def efficient(self, at: int) -> bool:
        """Return whether no other point has as much of both and more of one."""
        mine = self.points[at]
        return not any(
            each.clicks.value >= mine.clicks.value
            and each.gained.value >= mine.gained.value
            and (each.clicks.value, each.gained.value) != (mine.clicks.value, mine.gained.value)
            for each in self.points
        )


def read_outcomes(path: Path, logged: LoggedFile, objective: Objective, margin_share: float) -> tuple[Outcomes, Aim]:
    """Return what came of each row of a log that `read_log` read from the same file, and the aim over its arms.

    Raises:
        ConfigError: a column is missing or holds what is not allowed.
    """
    table, log, memory = Table(path, "--log"), logged.log, logged.log.memory
    of_file = _of_file(table, memory, (*_OUTCOMES, *(("cost",) if objective is Objective.MARGIN else ())))
    every, gained = memory.room((log.rows, len(_OUTCOMES)), np.float64), memory.room((log.rows,), np.float64)
    costs, shown = np.zeros(len(log.arms)), np.zeros(len(log.arms), np.int64)
    for rows in stretches(log.rows, memory):
        places, action = logged.file_row[rows], log.action[rows]
        every[rows] = np.column_stack([of_file[name][places] for name in _OUTCOMES])
        cost = of_file["cost"][places] if "cost" in of_file else np.zeros(rows.size)
        np.add.at(costs, action, cost)
        shown += np.bincount(action, minlength=shown.size)
        _, conversion, revenue = every[rows].T
        gained[rows] = {
            Objective.CONVERSION: conversion,
            Objective.REVENUE: revenue,
            Objective.MARGIN: margin_share * revenue - cost * conversion,
        }[objective]
    return Outcomes(every, gained), Aim(objective, margin_share, costs / shown)


def _of_file(table: Table, memory: Memory, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return columns in the order of the file."""
    for name in names:
        if name not in table.names:
            table.numbers(name)
    found, done = {name: memory.room((table.rows,), np.float64) for name in names}, 0
    for batch in table.batches(names, AT_ONCE):
        here = slice(done, done + batch.rows)
        for name in ("click", "conversion"):
            found[name][here] = batch.flags(name)
        for name in names[2:]:
            found[name][here] = batch.numbers(name)
        revenue = found["revenue"][here]
        batch.require("revenue", np.isfinite(revenue) & (np.abs(revenue) < 1e9), "a finite number in every row")
        if "cost" in found:
            cost = found["cost"][here]
            batch.require("cost", np.isfinite(cost) & (cost >= 0.0), "numbers from 0 on")
        done += batch.rows
        memory.forget()
    return found


class Judge(NamedTuple):
    """One policy over one log."""

    policy: Policy
    log: LoggedFeedback
    outcomes: Outcomes
    aim: Aim
    exploration: float
    positions: Sequence[float] = ()

    def front(self, least: float, say: Callable[[str], None]) -> Front:
        """Return the front, and which of its points keeps at least so much of today's clicks at the most gain.

        Raises:
            TooFew: nothing came of the log in one of both.
        """
        clicks, gained = self.outcomes.every[:, 0], self.outcomes.gained
        sums = summed(self.log.rows, self.log.memory, lambda rows: [clicks[rows], gained[rows]])
        today = float(sums[0]) / self.log.rows, float(sums[1]) / self.log.rows
        reason = unusable(self.log)
        if reason is not None:
            return Front((), today, None, reason)
        if min(today) <= 0.0:
            wanted = f"rows that brought clicks and {self.aim.objective} above 0 on average"
            raise TooFew("--log", f"{today[0]:.6f} clicks and {today[1]:.6f} a row", wanted)
        found: dict[float, Judged | str] = {}
        warnings: dict[str, None] = {}

        def keeps(part: float) -> bool:
            if part not in found:
                say(f"judging {part:.0%} of the worth as clicks")
                found[part] = self._judged(part, today, warnings)
            point = found[part]
            return not isinstance(point, str) and point.clicks.ci95.low >= least * today[0]

        kept = [keeps(step / STEPS) for step in range(STEPS + 1)]
        first = next((at for at, each in enumerate(kept) if each), 0)
        low, high = (first - 1) / STEPS, first / STEPS
        for _ in range(_HALVES if first else 0):
            middle = (low + high) / 2
            low, high = (low, middle) if keeps(middle) else (middle, high)
        points = tuple(each for _, each in sorted(found.items()) if not isinstance(each, str))
        able = [at for at, each in enumerate(points) if each.clicks.ci95.low >= least * today[0]]
        chosen = max(able, key=lambda at: points[at].gained.value, default=None)
        refused = None if points else next(each for each in found.values() if isinstance(each, str))
        return Front(points, today, chosen, refused, tuple(warnings))

    def _judged(self, part: float, today: tuple[float, float], warnings: dict[str, None]) -> Judged | str:
        """Return what the weights of a part get, or why the log cannot say."""
        weights = self.aim.weights(*as_ordered(part / today[0], (1.0 - part) / today[1]))
        click, conversion, revenue, cost = scaled(weights)
        worths = np.empty((len(self.log.arms), 3))
        worths[:, 0], worths[:, 1], worths[:, 2] = click, conversion - cost * self.aim.costs, revenue
        learned = replace(self.log, outcomes=self.outcomes.every)
        target = crossfitted(
            self.policy, learned, folds(self.log, FOLDS), self.exploration, self.positions, worths=worths
        )
        estimates = []
        for values in (self.outcomes.every[:, 0], self.outcomes.gained):
            answer = evaluate(replace(self.log, reward=values), lambda fold: target)
            if answer.refused is not None:
                return answer.refused
            estimates.append(answer.estimates[_DECIDE_BY])
            warnings.update(dict.fromkeys(answer.warnings))
        return Judged(part, weights, *estimates)


def as_ordered(click: float, gained: float) -> tuple[float, float]:
    """Return two worths as an order tells them: one of them is 1, the other has few digits, and neither is large.

    >>> as_ordered(0.3, 0.1), as_ordered(0.0, 7.0), as_ordered(0.3, 7e9)
    ((1.0, 0.3333), (0.0, 1.0), (4.286e-11, 1.0))
    """
    if gained > _LARGE * click:
        return float(f"{click / gained:.{_DIGITS}g}"), 1.0
    return 1.0, float(f"{gained / click:.{_DIGITS}g}")


def check_file(path: Path) -> None:
    """Raise ConfigError for a log that cannot be read twice."""
    if str(path) == "-":
        raise ConfigError("--log", "-", "a file: it is read twice")
