"""The picture of estimates and intervals."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.ope_files import Captured, rows, run, write
from tideline.scripts.analysis.ope_picture import draw_front
from tideline.scripts.commands import ope


def test_the_picture_is_drawn(tmp_path: Path, capsys: Captured) -> None:
    log, path = write(tmp_path / "log.csv", rows(2_000)), tmp_path / "p" / "ope.png"
    for policy in ("uniform", "constant:a"):
        run(capsys, "--log", log, "--policy", policy, "--picture", path)
        assert path.read_bytes()[:4] == b"\x89PNG"


def test_a_front_is_drawn_whatever_is_known(tmp_path: Path) -> None:
    """Contract: a picture of crosses, and one of a refusal."""
    known = {"value": 0.1, "ci95": [0.05, 0.2]}
    found = {
        "objective": "revenue",
        "today": {"clicks": 0.1, "gained": 0.2},
        "least": 0.98,
        "chosen": 1,
        "refused": None,
    }
    points = [{"clicks": known, "gained": known, "efficient": each} for each in (True, False)]
    sizes = set()
    refused: dict[str, Any] = {"front": [], "chosen": None, "refused": "the log cannot answer this"}
    for changes in (dict[str, Any](front=points), refused):
        draw_front(tmp_path / "front.png", found | changes)
        sizes.add((tmp_path / "front.png").stat().st_size)
    assert len(sizes) == 2


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
