"""Contract: a replay is found again by its name, with its range, its jobs and what came of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tideline.scripts.localstack import StackError
from tideline.scripts.replays.kept import Kept, forget, keep, kept_of, known_of, newest_state, with_own_users

_KEPT = Kept({"name": "monday", "from_offsets": '{"0": 1}'}, ("a" * 32,))


def test_what_is_kept_is_found(tmp_path: Path) -> None:
    """Contract: the last word counts; each job that goes on with it is added."""
    keep(tmp_path, "monday", _KEPT)
    assert kept_of(tmp_path, "monday") == _KEPT
    later = _KEPT.again_as("b" * 32).ended({"records": 3})
    keep(tmp_path, "monday", later)
    assert kept_of(tmp_path, "monday") == later == Kept(_KEPT.options, ("a" * 32, "b" * 32), {"records": 3})
    assert later.job == "b" * 32
    keep(tmp_path, "monday", replace(later, world={"lost": 3}))
    assert kept_of(tmp_path, "monday").world == {"lost": 3}
    assert [each.name for each in (tmp_path / "replays").iterdir()] == ["monday.json"]
    for _ in range(2):
        forget(tmp_path, "monday")
        assert known_of(tmp_path, "monday") is None


def test_a_name_that_nobody_gave_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    assert known_of(tmp_path, "monday") is None
    with pytest.raises(StackError, match="there is no replay 'x'; there are: none"):
        kept_of(tmp_path, "x")
    keep(tmp_path, "monday", _KEPT)
    with pytest.raises(StackError, match="there is no replay 'x'; there are: monday"):
        kept_of(tmp_path, "x")


def test_a_replay_goes_on_from_the_newest_whole_checkpoint_of_any_of_its_jobs(tmp_path: Path) -> None:
    """Contract: one that was not written to its end, and another job's, are none."""
    kept = Kept({}, ("a" * 32, "b" * 32))
    assert newest_state(tmp_path, kept) is None
    for at, (job, name, whole) in enumerate(
        [("a", "chk-1", True), ("a", "chk-2", True), ("b", "chk-1", False), ("c", "chk-9", True)]
    ):
        folder = tmp_path / "checkpoints" / (job * 32) / name
        folder.mkdir(parents=True)
        if whole:
            (folder / "_metadata").touch()
            os.utime(folder / "_metadata", (at, at))
    assert newest_state(tmp_path, kept) == str(tmp_path / "checkpoints" / ("a" * 32) / "chk-2")


def test_a_file_of_users_is_kept_as_it_was(tmp_path: Path) -> None:
    """Contract: a replay goes on with the users it began with; they go when it is dropped; other options stay."""
    asked = tmp_path / "asked"
    asked.write_text("anna\nben\n")
    own = with_own_users(tmp_path, {"name": "monday", "users": f"@{asked}", "policy": "ucb1"})
    asked.unlink()
    copy = Path(own["users"].removeprefix("@"))
    assert (copy.read_text(), own["policy"], copy.stat().st_mode & 0o777) == ("anna\nben\n", "ucb1", 0o600)
    for options in ({"name": "monday"}, {"name": "monday", "users": "1/16"}, {"name": "monday", "users": "a,b"}):
        assert with_own_users(tmp_path, options) == options
    forget(tmp_path, "monday")
    assert not copy.exists()
