"""A picture of click rates over time, and of what was spent beside its plan."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib import dates
from matplotlib.figure import Figure

from tideline.scripts.simulation.lift import Z_95
from tideline.scripts.simulation.yardstick import TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from tideline.scripts.simulation.rule_story import Spending
    from tideline.scripts.simulation.tally import Tally
    from tideline.scripts.simulation.world import World
    from tideline.scripts.simulation.yardstick import Yardstick

SLICES_A_POINT = 12
_COLOURS = {False: "#1b6ca8", True: "#8a8a8a"}
_DASHES = {"popular_best": "--", "content": ":", "attainable": "-."}
_SPENDING_COLOURS = ("#c4622d", "#3f8f5f")
_NAMES = {False: "ranked by the job", True: "random order (holdout)"}


class Drawn(NamedTuple):
    """What a picture shows of a run."""

    world: World
    tally: Tally
    slices_played: int
    yardsticks: Sequence[Yardstick]
    spending: Sequence[Spending]


def draw(path: Path, drawn: Drawn) -> None:
    """Write a PNG: click rates by day of simulated time with 95 % bands, and what budgets spent beside their plans."""
    figure = Figure(figsize=(9, 7), layout="constrained")
    rates, budgets = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _draw_rates(rates, drawn)
    _draw_spending(budgets, drawn)
    budgets.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _draw_rates(axes: Axes, drawn: Drawn) -> None:
    world, tally, slices_played, yardsticks = drawn.world, drawn.tally, drawn.slices_played, drawn.yardsticks
    days = [(at, min(at + SLICES_A_POINT, slices_played)) for at in range(0, slices_played, SLICES_A_POINT)]
    middle = dates.date2num([_middle(world, *day) for day in days])
    for holdout in (False, True):
        rates = [tally.rate(holdout, *day) for day in days]
        value = 100 * np.array([rate.value for rate in rates])
        margin = 100 * Z_95 * np.array([rate.error for rate in rates])
        axes.plot(middle, value, marker="o", color=_COLOURS[holdout], label=_NAMES[holdout])
        axes.fill_between(middle, np.maximum(value - margin, 0), value + margin, color=_COLOURS[holdout], alpha=0.2)
    for each in yardsticks:
        value = 100 * np.array([each.rate(*day) for day in days])
        axes.plot(middle, value, linestyle=_DASHES[each.name], color="#555555", label=TITLES[each.name])
    lift = tally.lift()
    interval = f"{lift.low:+.0%} to {lift.high:+.0%}"
    axes.set_title(f"Click rate by simulated day: lift {lift.value:+.0%}, 95 % interval {interval}")
    axes.set_ylabel("clicks per 100 impressions")
    axes.set_ylim(bottom=0)


def _draw_spending(axes: Axes, drawn: Drawn) -> None:
    """Draw each budget in percent of it; those of one plan share its line."""
    last_ms = drawn.world.slices[max(drawn.slices_played, 1) - 1].end_ms
    plans = {(each.activity.starts_ms, each.activity.ends_ms) for each in drawn.spending}
    for number, (starts_ms, ends_ms) in enumerate(sorted(plans)):
        until_ms = min(last_ms, ends_ms)
        planned = [0.0, 100.0 * (until_ms - starts_ms) / (ends_ms - starts_ms)]
        label = "planned spending" if number == 0 else None
        axes.plot([_date(starts_ms), _date(until_ms)], planned, "--", color="#555555", label=label)
    for colour, each in zip(_SPENDING_COLOURS, drawn.spending, strict=False):
        share = 100.0 * each.spent / (each.activity.budget or 1.0)
        at = [_date(int(at_ms)) for at_ms in each.at_ms]
        axes.step(at, share, where="post", color=colour, label=f"spent for {each.activity.activity_id}")
    axes.set_ylabel("% of the budget")
    axes.set_ylim(bottom=0)


def _date(at_ms: int) -> float:
    return float(dates.date2num(datetime.fromtimestamp(at_ms / 1_000, UTC)))


def _middle(world: World, first: int, after: int) -> datetime:
    start_ms, end_ms = world.slices[first].start_ms, world.slices[after - 1].end_ms
    return datetime.fromtimestamp((start_ms + end_ms) / 2_000, UTC)
