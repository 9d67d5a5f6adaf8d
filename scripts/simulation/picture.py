"""A picture of click rates over time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import dates
from matplotlib.figure import Figure

from tideline.scripts.simulation.lift import Z_95
from tideline.scripts.simulation.yardstick import TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tideline.scripts.simulation.tally import Tally
    from tideline.scripts.simulation.world import World
    from tideline.scripts.simulation.yardstick import Yardstick

SLICES_A_POINT = 12
_COLOURS = {False: "#1b6ca8", True: "#8a8a8a"}
_DASHES = {"popular_best": "--", "content": ":", "attainable": "-."}
_NAMES = {False: "ranked by the job", True: "random order (holdout)"}


def draw(path: Path, world: World, tally: Tally, slices_played: int, yardsticks: Sequence[Yardstick]) -> None:
    """Write a PNG: click rates by day of simulated time, those of policy and holdout with 95 % bands."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
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
    axes.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _middle(world: World, first: int, after: int) -> datetime:
    start_ms, end_ms = world.slices[first].start_ms, world.slices[after - 1].end_ms
    return datetime.fromtimestamp((start_ms + end_ms) / 2_000, UTC)
