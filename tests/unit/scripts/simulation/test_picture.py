"""The demo's picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tideline.scripts.simulation.picture import draw
from tideline.scripts.simulation.tally import Tally
from tideline.scripts.simulation.world import World
from tideline.scripts.simulation.yardstick import TITLES, Yardstick


def test_a_picture_is_drawn_of_whatever_was_played(world: World, tmp_path: Path) -> None:
    """Contract: a PNG in a folder that need not be there, also where nobody clicked."""
    path = tmp_path / "new" / "demo.png"
    others = [Yardstick(name, np.array([4]), np.array([0.2])) for name in TITLES]
    draw(path, world, Tally(world.holdout, len(world.slices)), 1, others)
    assert path.read_bytes().startswith(b"\x89PNG")
