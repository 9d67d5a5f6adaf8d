"""The picture of estimates and intervals."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tideline.scripts.commands import ope

Captured = pytest.CaptureFixture[str]


def run(captured: Captured, *argv: str | Path) -> dict[str, Any]:
    assert ope.main([*map(str, argv), "--json"]) == 0
    found: dict[str, Any] = json.loads(captured.readouterr().out)
    return found


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return rows of a uniform log of three actions."""
    random = np.random.default_rng(1)
    return [
        {"x_a": round(random.normal(), 3), "action": "abc"[at % 3], "propensity": 1 / 3, "reward": int(at % 7 == 0)}
        | changes
        for at in range(count)
    ]


def test_the_picture_is_drawn(tmp_path: Path, capsys: Captured) -> None:
    log, path = write(tmp_path / "log.csv", rows(2_000)), tmp_path / "p" / "ope.png"
    for policy in ("uniform", "constant:a"):
        run(capsys, "--log", log, "--policy", policy, "--picture", path)
        assert path.read_bytes()[:4] == b"\x89PNG"


def test_without_matplotlib_the_message_says_what_to_install(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    log = write(tmp_path / "log.csv", rows(2_000))
    assert ope.main(["--log", str(log), "--policy", "uniform", "--picture", str(tmp_path / "p.png")]) == 1
    assert "pip install 'tideline[demo]'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["p.xyz", "p", "folder.png"])
def test_a_picture_that_cannot_be_is_refused_before_the_work(name: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "folder.png").mkdir()
    log = write(tmp_path / "log.csv", rows(2_000))
    assert ope.main(["--log", str(log), "--policy", "uniform", "--picture", str(tmp_path / name)]) == 1
    said = capsys.readouterr().err
    assert ".png" in said
    assert "fitting" not in said
