"""A target policy from a file or by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.ope_files import Captured, rows, run, write
from tideline.scripts.commands import ope


def test_an_unknown_policy_is_refused_with_what_is_allowed(tmp_path: Path, capsys: Captured) -> None:
    log = write(tmp_path / "log.csv", rows(2_000))
    assert ope.main(["--log", str(log), "--policy", "nonsense"]) == 1
    said = capsys.readouterr().err
    assert all(each in said for each in ("linucb", "uniform", "constant:<action>", "a file"))


def test_a_policy_that_reads_pairs_cannot_be_judged_by_a_log(tmp_path: Path, capsys: Captured) -> None:
    """Contract: a log tells the pair of what was shown alone; said, with the policies that can be judged."""
    log = write(tmp_path / "log.csv", rows(2_000))
    assert ope.main(["--log", str(log), "--policy", "pairs"]) == 1
    said = capsys.readouterr().err
    assert "linucb" in said
    assert "pair of what was shown" in said


def test_probabilities_may_come_by_decision_by_row_or_once_for_all(tmp_path: Path, capsys: Captured) -> None:
    """Contract: the same probabilities in each form of the file give the same estimates."""
    content = [row | {"decision_id": f"d{at}"} for at, row in enumerate(rows(3_000))]
    log = write(tmp_path / "log.csv", content)
    chances = {"p_a": 0.5, "p_b": 0.3, "p_c": 0.2}
    by_decision = [{"decision_id": f"d{at}"} | chances for at in reversed(range(3_000))]
    files: list[list[dict[str, Any]]] = [[{**chances}], [{**chances}] * 3_000, by_decision]
    found = [
        run(capsys, "--log", log, "--policy", write(tmp_path / f"p{at}.csv", content))["estimates"]
        for at, content in enumerate(files)
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    "chances", [{"p_a": 0.5, "p_b": 0.4}, {"p_a": 1.5, "p_b": -0.5}, {"other": 1}, {"decision_id": "x", "p_a": 1}]
)
def test_probabilities_that_are_none_are_refused(chances: dict[str, Any], tmp_path: Path, capsys: Captured) -> None:
    log = write(tmp_path / "log.csv", rows(2_000))
    assert ope.main(["--log", str(log), "--policy", str(write(tmp_path / "p.csv", [chances]))]) == 1
    assert "p.csv" in capsys.readouterr().err
