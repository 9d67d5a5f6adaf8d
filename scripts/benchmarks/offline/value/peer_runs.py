"""LinUCB of another library on the same contexts, in the Python of `scripts/setup --peers`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tideline.scripts.benchmarks.offline.value.value_play import Played
from tideline.scripts.benchmarks.peers.peer_python import run_peers
from tideline.udfs.core.fixed_point import X_UNIT

if TYPE_CHECKING:
    from tideline.scripts.benchmarks.offline.value.value_stage import Stage


def play_peers(stage: Stage, seed: int) -> dict[str, Played]:
    """Return what came of all visits where the other library ranked, by its setting.

    Raises:
        ConfigError: it is not installed.
        OSError: it failed.
    """
    truth = stage.truth
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stage.npz"
        np.savez(
            path,
            seed=seed,
            x=stage.x * X_UNIT,
            open=stage.open,
            visitor=truth.visitor,
            visit_ms=truth.visit_ms,
            begins=np.array([visits[0] for visits in truth.slices]),
            from_ms=np.array([each.from_ms for each in truth.responses]),
            click=np.stack([each.click for each in truth.responses]),
            looked_at=np.array(truth.looked_at),
            fatigue=truth.fatigue,
        )
        found = run_peers("tideline.scripts.benchmarks.peers.value_peers", [str(path)])
    return {
        name: Played(np.array(each["impressions"], np.int64), np.array(each["clicks"])) for name, each in found.items()
    }
