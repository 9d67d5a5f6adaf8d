"""The other library plays the same stage, in an environment of its own."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.core_world import ArithmeticEncoder
from tests.support.tiny_world import CLICK, tiny_world
from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.offline.value.peer_runs import play_peers
from tideline.scripts.benchmarks.offline.value.value_stage import make_stage
from tideline.scripts.benchmarks.peers import peer_python

if TYPE_CHECKING:
    from pathlib import Path

_TELLS = """
import json, sys
import numpy as np
given = np.load(sys.argv[-1])
told = {name: given[name].tolist() for name in ("looked_at", "from_ms", "begins")}
told |= {"x": given["x"].shape, "click": given["click"][0, 0].tolist(), "seed": int(given["seed"])}
print(json.dumps(told), file=sys.stderr)
print(json.dumps({"alpha=0.1": {"impressions": [2, 0], "clicks": [0.5, 0.0]}}))
"""


def test_it_gets_what_our_own_get_and_its_visits_come_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Contract: contexts, what may be shown, slices and the truth in one file; of each visit impressions and clicks."""
    python = tmp_path / "python"
    (tmp_path / "tells.py").write_text(_TELLS)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} {tmp_path}/tells.py "$@"\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(peer_python, "PYTHON", python)
    stage = make_stage(tiny_world(), ArithmeticEncoder())

    played = play_peers(stage, 5)

    assert played.keys() == {"alpha=0.1"}
    assert played["alpha=0.1"].impressions.tolist() == [2, 0]
    assert played["alpha=0.1"].clicks.tolist() == [0.5, 0.0]
    told = capfd.readouterr().err
    assert f'"click": {list(CLICK)}' in told
    assert f'"x": {list(stage.x.shape)}' in told
    assert '"seed": 5' in told
    assert f'"begins": {[int(visits[0]) for visits in stage.truth.slices]}' in told


def test_where_it_is_not_installed_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peer_python, "PYTHON", tmp_path / "none")
    with pytest.raises(ConfigError, match="scripts/setup --peers"):
        play_peers(make_stage(tiny_world(), ArithmeticEncoder()), 1)
