"""The command line of training."""

from pathlib import Path

import pytest

from tideline.models import train


def test_bad_arguments_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--data", str(tmp_path / "none.csv"), "--out", str(tmp_path / "m")]) == 1
    assert "none.csv" in capsys.readouterr().err


@pytest.mark.parametrize("minutes", ["-1", "nan", "inf", "soon"])
def test_a_time_limit_is_a_number_of_minutes(minutes: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        train.main(["--data", "x.csv", "--out", str(tmp_path / "m"), "--minutes", minutes])
    assert left.value.code == 2
    assert f"--minutes: invalid minutes value: '{minutes}'" in capsys.readouterr().err
