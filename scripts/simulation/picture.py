"""A picture of click rates over time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import dates
from matplotlib.figure import Figure

from tideline.scripts.simulation.lift import Z_95

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.simulation.tally import Tally
    from tideline.scripts.simulation.world import World

SLICES_A_POINT = 12
_COLOURS = {False: "#1b6ca8", True: "#8a8a8a"}
_NAMES = {False: "ranked by the job", True: "random order (holdout)"}


def draw(path: Path, world: World, tally: Tally, slices_played: int) -> None:
    """Write a PNG: click rate of policy and holdout in each day of simulated time, with 95 % bands."""
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    for holdout in (False, True):
        starts = range(0, slices_played, SLICES_A_POINT)
        rates = [tally.rate(holdout, first, min(first + SLICES_A_POINT, slices_played)) for first in starts]
        middle = dates.date2num([_middle(world, at, min(at + SLICES_A_POINT, slices_played)) for at in starts])
        value = 100 * np.array([rate.value for rate in rates])
        margin = 100 * Z_95 * np.array([rate.error for rate in rates])
        axes.plot(middle, value, marker="o", color=_COLOURS[holdout], label=_NAMES[holdout])
        axes.fill_between(middle, np.maximum(value - margin, 0), value + margin, color=_COLOURS[holdout], alpha=0.2)
    lift = tally.lift()
    interval = f"{lift.low:+.0%} to {lift.high:+.0%}"
    axes.set_title(f"Click rate by simulated day: lift {lift.value:+.0%}, 95 % interval {interval}")
    axes.set_ylabel("clicks per 100 impressions")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))
    axes.legend(loc="upper left", frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _middle(world: World, first: int, after: int) -> datetime:
    start_ms, end_ms = world.slices[first].start_ms, world.slices[after - 1].end_ms
    return datetime.fromtimestamp((start_ms + end_ms) / 2_000, UTC)
