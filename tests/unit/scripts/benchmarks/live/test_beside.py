"""This tree beside another commit's: which commits can be, and what is made of the runs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.live.beside import COMMIT, THIS, Driver, figures, order, resolved
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from pathlib import Path

_FAKE = """
from contextlib import contextmanager
from types import SimpleNamespace


class Arena:
    topics = start = watch = None


@contextmanager
def arena(name, taskmanagers):
    yield None
"""


def _repository(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "--no-verify", "--allow-empty", "-m", "one")):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def test_a_commit_that_is_none_or_has_no_arena_is_refused_before_anything_is_set_up(tmp_path: Path) -> None:
    """Contract: the value and what is allowed; nothing is written."""
    root = _repository(tmp_path, {"readme": "x"})
    with pytest.raises(ConfigError, match=r"'nothing'.*allowed: a commit of this repository"):
        resolved(root, "nothing")
    with pytest.raises(ConfigError, match=r"'--all'.*allowed: a commit of this repository"):
        resolved(root, "--all")
    with pytest.raises(ConfigError, match=r"'HEAD'.*scripts/benchmarks/arena.py"):
        resolved(root, "HEAD")
    assert subprocess.run(["git", "status", "--short"], cwd=root, capture_output=True, check=True).stdout == b""


@pytest.mark.parametrize("room", ["scripts/benchmarks/live", "scripts/benchmarks"])
def test_a_commit_with_an_arena_is_told_by_its_whole_name(tmp_path: Path, room: str) -> None:
    root = _repository(tmp_path, {f"{room}/arena.py": _FAKE})
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True).stdout
    assert resolved(root, "HEAD") == head.strip()


def test_a_tree_that_lacks_what_is_called_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    """Contract: no traceback of an import."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "scripts" / "benchmarks").mkdir(parents=True)
    (tmp_path / "scripts" / "benchmarks" / "arena.py").write_text(_FAKE)
    (tmp_path / "scripts" / "benchmarks" / "throughput.py").write_text("")

    with pytest.raises(ConfigError, match=r"allowed: a tree whose benchmarks have .*throughput with prepare"):
        Driver(tmp_path, 20_000).__enter__()


def test_a_driver_that_ends_is_said(tmp_path: Path) -> None:
    """Contract: what it said before is on standard error."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)
    with pytest.raises(StackError, match="ended with 3"):
        Driver(tmp_path, 20_000).__enter__()


def test_each_of_them_begins_in_every_other_round() -> None:
    """Contract: what a machine gains or loses over time is no tree's."""
    assert [order(number)[0] for number in range(4)] == [THIS, COMMIT, THIS, COMMIT]
    assert all(set(order(number)) == {THIS, COMMIT} for number in range(2))


def test_ratios_are_of_medians_with_the_least_and_the_most_of_a_round() -> None:
    """Contract: worked out by hand."""

    def runs(*rates: int) -> list[dict[str, object]]:
        return [{"events_per_s": rate, "us_per_event": {"redis": rate / 10}} for rate in rates]

    found = figures("abc", {"zipf": {THIS: runs(300, 100, 200), COMMIT: runs(100, 100, 160)}}, 20_000)

    assert found["ratio"] == {"zipf": {"of_medians": 2.0, "least": 1.0, "most": 3.0}}
    assert found["events_per_s"] == {"zipf": {THIS: 200, COMMIT: 100}}
    assert found["us_per_event"] == {"zipf": {THIS: {"redis": 20.0}, COMMIT: {"redis": 10.0}}}
