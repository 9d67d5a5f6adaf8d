"""A client that has made a job ready: a process of its own that speaks by files, without a JVM here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until
from tideline.scripts.commands.made_ready import made_ready
from tideline.scripts.localstack import StackError
from tideline.scripts.localstack.paths import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

_CLIENT = """
import sys
from pathlib import Path
from tideline.jobs.after import wait_for_state
print("planned", flush=True)
state = wait_for_state(Path(sys.argv[1]), 30)
Path(sys.argv[2]).write_text(f"{state}")
print("submitted", state)
"""
_ENVIRONMENT = os.environ | {"PYTHONPATH": str(REPOSITORY)}


def _command(code: str, *more: Path) -> Callable[[Path], list[str]]:
    return lambda named_in: [sys.executable, "-c", code, str(named_in), *map(str, more)]


def test_it_goes_on_with_the_state_that_it_is_told_and_not_before(tmp_path: Path) -> None:
    with made_ready(_command(_CLIENT, tmp_path / "began"), _ENVIRONMENT) as client:
        client.wait(30)
        assert not (tmp_path / "began").exists()
        assert client.go_on("file:///s/1", 30) == (0, "planned\nsubmitted file:///s/1\n")
    assert (tmp_path / "began").read_text() == "file:///s/1"


def test_what_ends_before_is_said_and_nothing_was_stopped(tmp_path: Path) -> None:
    """Contract: with what the client has said."""
    code = "print('tideline: --shards cannot be used'); raise SystemExit(2)"
    with (
        pytest.raises(StackError, match=r"not made ready; the other one runs on\n.*--shards cannot be used"),
        made_ready(_command(code), _ENVIRONMENT) as client,
    ):
        client.wait(30)


def test_where_no_state_comes_nothing_is_submitted(tmp_path: Path) -> None:
    """Contract: also where the client's Python outlives what started it, as a JVM's child may."""
    began = tmp_path / "began"
    detached = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {_CLIENT!r}, *sys.argv[1:]]).wait()"
    with made_ready(_command(detached, began), _ENVIRONMENT) as client:
        client.wait(30)
    wait_until("it says what it began with", lambda: began.exists() and began.read_text() == "None")


def test_what_ends_as_it_is_ready_is_not_gone_on_with() -> None:
    """Contract: then the other job is not stopped for nothing."""
    code = "import sys; from pathlib import Path; Path(sys.argv[1] + '.ready').touch()"
    with made_ready(_command(code), _ENVIRONMENT) as client:
        client._process.wait(30)
        with pytest.raises(StackError, match="the other job runs on"):
            client.wait(30)
