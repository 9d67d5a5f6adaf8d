"""The demo's picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.unit.scripts.simulation.conftest import HOUR_MS, START_MS
from tideline.scripts.simulation.picture import Drawn, draw
from tideline.scripts.simulation.rule_story import Spending
from tideline.scripts.simulation.tally import Tally
from tideline.scripts.simulation.world import World
from tideline.scripts.simulation.yardstick import TITLES, Yardstick


def test_a_picture_is_drawn_of_whatever_was_played(world: World, tmp_path: Path) -> None:
    """Contract: a PNG in a folder that need not be there, also where nobody clicked or nothing was spent."""
    path = tmp_path / "new" / "demo.png"
    others = [Yardstick(name, np.array([4]), np.array([0.2])) for name in TITLES]
    tally = Tally(world.holdout, len(world.slices))
    draw(path, Drawn(world, tally, 1, others, ()))
    bare = path.read_bytes()
    assert bare.startswith(b"\x89PNG")
    activity = replace(world.offers[0].activity, budget=20.0, cost=1.0)
    spending = [
        Spending(activity, np.array([START_MS, START_MS + HOUR_MS]), np.array([0.0, 5.0])),
        Spending(activity, np.array([], np.int64), np.array([])),
    ]
    draw(path, Drawn(world, tally, 1, others, spending))
    assert path.read_bytes() != bare
