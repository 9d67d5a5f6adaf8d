"""The command that exports the log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tideline.scripts.commands import tideline

Captured = pytest.CaptureFixture[str]


def test_an_export_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "fifo")
    for out in (tmp_path, tmp_path / "file" / "log.parquet", tmp_path / "fifo"):
        assert tideline.main(["export", "--bootstrap", "h:1", "--out", str(out)]) == 1
        said = capsys.readouterr().err
        assert str(tmp_path) in said
        assert said.count("\n") == 1
