"""The command line of training."""

from pathlib import Path

import pytest

from tideline.models import train


def test_bad_arguments_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--data", str(tmp_path / "none.csv"), "--out", str(tmp_path / "m")]) == 1
    assert "none.csv" in capsys.readouterr().err
