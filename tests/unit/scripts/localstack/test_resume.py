"""The state that a job left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tideline.scripts.localstack import StackError, resume


def checkpoint(root: Path, place: str, at_s: int) -> Path:
    path = root / place
    path.mkdir(parents=True)
    (path / "_metadata").touch()
    os.utime(path / "_metadata", (at_s, at_s))
    return path


def submitted(root: Path, job_id: str, name: str) -> None:
    folder = root / "checkpoints" / "submitted"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{job_id}.json").write_text(f'{{"job_id": "{job_id}", "name": "{name}", "options": {{"shards": "8"}}}}')


def test_the_newest_completed_state_of_a_name_is_found(tmp_path: Path) -> None:
    """Contract: of all jobs of that name, checkpoints and savepoints; one without metadata is not complete."""
    former, later, other = "a" * 32, "b" * 32, "c" * 32
    for job_id, name in ((former, "shop"), (later, "shop"), (other, "else")):
        submitted(tmp_path, job_id, name)
    checkpoint(tmp_path, f"checkpoints/{former}/chk-9", 1000)
    newest = checkpoint(tmp_path, f"checkpoints/{later}/chk-2", 2000)
    (tmp_path / f"checkpoints/{later}/chk-3").mkdir()
    checkpoint(tmp_path, f"checkpoints/{other}/chk-1", 3000)

    assert resume.newest_state(tmp_path, "shop") == (str(newest), resume.Submitted(later, "shop", {"shards": "8"}))
    savepoint = checkpoint(tmp_path, "savepoints/savepoint-aaaaaa-123", 4000)
    path, job = resume.newest_state(tmp_path, "shop")
    assert (path, job.job_id) == (str(savepoint), former)


def test_no_state_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="no completed state of a job named 'shop'; give -s PATH or --fresh"):
        resume.newest_state(tmp_path, "shop")


def test_the_job_that_left_a_state_is_known_by_its_path(tmp_path: Path) -> None:
    submitted(tmp_path, "d" * 32, "shop")
    path = checkpoint(tmp_path, f"checkpoints/{'d' * 32}/chk-1", 1000)

    for spelled in (str(path), path.as_uri()):
        job = resume.submitted_of(tmp_path, spelled)
        assert job is not None
        assert job.options == {"shards": "8"}
    assert resume.submitted_of(tmp_path, str(tmp_path / "elsewhere")) is None
