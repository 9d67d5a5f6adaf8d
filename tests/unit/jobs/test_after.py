"""A job that is ready waits for the state that a file will name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until
from tideline.jobs.after import ready_file, refuse_used, wait_for_state
from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_state_is_taken_once_its_line_is_whole(tmp_path: Path) -> None:
    """Contract: what somebody is still writing is no state; that all is ready is said before."""
    file, found = tmp_path / "state", list[str | None]()
    waiting = threading.Thread(target=lambda: found.append(wait_for_state(file)))
    waiting.start()
    wait_until("it says that it is ready", ready_file(file).exists)
    file.write_text("file:///savepoints/savepoint-12")
    waiting.join(0.3)
    assert found == []
    file.write_text("file:///savepoints/savepoint-1234\n")
    waiting.join(10)
    assert found == ["file:///savepoints/savepoint-1234"]


def test_nothing_is_submitted_without_a_state(tmp_path: Path) -> None:
    """Contract: an empty line, a folder that is gone and too long a wait are no state."""
    (tmp_path / "empty").write_text("\n")
    assert wait_for_state(tmp_path / "empty") is None
    assert wait_for_state(tmp_path / "never", patience_s=0.1) is None
    folder = tmp_path / "gone"
    folder.mkdir()
    found = list[str | None]()
    waiting = threading.Thread(target=lambda: found.append(wait_for_state(folder / "state")))
    waiting.start()
    wait_until("it says that it is ready", ready_file(folder / "state").exists)
    ready_file(folder / "state").unlink()
    folder.rmdir()
    waiting.join(10)
    assert found == [None]


@pytest.mark.parametrize("left", ["state", "state.ready", "no_folder/state"])
def test_a_file_of_another_time_is_refused(tmp_path: Path, left: str) -> None:
    """Contract: its state may be an old one; told with what is allowed."""
    refuse_used(tmp_path / "state")
    if "/" not in left:
        (tmp_path / left).touch()
    with pytest.raises(ConfigError, match="allowed: a file that is not there yet"):
        refuse_used(tmp_path / (left if "/" in left else "state"))
