"""What a killed run left beside a file goes with the next one, and what another run works with stays."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.doc_pages import ROOT
from tideline.scripts.archive.working_folder import working_folder

if TYPE_CHECKING:
    from pathlib import Path

_KILLED = """
import os, signal, sys
from pathlib import Path
from tideline.scripts.archive.working_folder import working_folder
with working_folder(Path(sys.argv[1])) as folder:
    (folder / "decisions-0").write_bytes(b"u42")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _old(folder: Path) -> Path:
    os.utime(folder, (1, 1))
    return folder


def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    """Contract: ids of users do not stay on the disk for longer than until somebody exports there again."""
    out = tmp_path / "log.parquet"
    subprocess.run([sys.executable, "-c", _KILLED, out], cwd=ROOT, check=False, env=os.environ | {"PYTHONPATH": "."})
    (left,) = tmp_path.iterdir()
    assert (left / "decisions-0").read_bytes() == b"u42"
    with working_folder(out) as young:
        assert set(tmp_path.iterdir()) == {young, left}
    _old(left)
    with working_folder(out) as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_worked_with_stays(tmp_path: Path) -> None:
    """Contract: two exports side by side, however long one takes."""
    with working_folder(tmp_path / "one") as one:
        _old(one)
        with working_folder(tmp_path / "two") as two:
            assert set(tmp_path.iterdir()) == {one, two}


def test_a_file_of_such_a_name_is_left_alone(tmp_path: Path) -> None:
    """Contract: folders alone are ours."""
    notes = tmp_path / ".tideline-export-notes"
    notes.write_text("mine")
    _old(notes)
    with working_folder(tmp_path / "out"):
        pass
    assert notes.read_text() == "mine"
