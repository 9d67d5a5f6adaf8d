"""A job that is made ready beside the one that it follows, and submitted once that one's state is known.

Most of a job's start is its client's: planning takes longer than the workers do. Here it is over before the running job
is stopped, so lists stand still for the workers' start alone. Nothing is submitted before the state is complete.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

READY = ".ready"
"""After FILE's own name: the file that says that only the state is waited for."""
_PATIENCE_S, _POLL_S = 3_600.0, 0.05


def ready_file(named_in: Path) -> Path:
    """Return what is there once a job waits for the state that a file will name."""
    return named_in.with_name(named_in.name + READY)


def refuse_used(named_in: Path) -> None:
    """Do nothing where neither file is there yet.

    Raises:
        ConfigError: one is, and would name the state of another time; or their folder is not there.
    """
    if not named_in.parent.is_dir() or named_in.exists() or ready_file(named_in).exists():
        raise ConfigError(
            "after", str(named_in), f"a file that is not there yet, nor with {READY}, in a folder that is"
        )


def wait_for_state(named_in: Path, patience_s: float = _PATIENCE_S) -> str | None:
    """Say that all is ready and return the state that the file names as soon as it ends in a line's end.

    None: it names none, its folder was removed, or so many seconds are over.
    """
    ready_file(named_in).touch()
    deadline_s = time.monotonic() + patience_s
    while time.monotonic() < deadline_s and named_in.parent.is_dir():
        said = named_in.read_text() if named_in.exists() else ""
        if said.endswith("\n"):
            return said.strip() or None
        time.sleep(_POLL_S)
    return None
