"""A hidden folder beside a file that is being made; what a killed process left there goes with the next run."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = ".tideline-export-"
_NEW_S = 60.0
"""A folder as young as that may not be locked yet by its maker."""


@contextmanager
def working_folder(beside: Path) -> Iterator[Path]:
    """Yield an empty folder beside a file, gone with the block; those of killed processes, with ids of users, go first.

    Raises:
        OSError: it cannot be made.
    """
    for left in beside.parent.glob(f"{_PREFIX}*"):
        _clear(left)
    with TemporaryDirectory(dir=beside.parent, prefix=_PREFIX) as name:
        held = os.open(name, os.O_RDONLY)
        try:
            _lock(held)
            yield Path(name)
        finally:
            os.close(held)


def _clear(folder: Path) -> None:
    with suppress(OSError):  # gone meanwhile, or no folder
        if time.time() - folder.stat().st_mtime < _NEW_S:
            return
        held = os.open(folder, os.O_RDONLY)
        try:
            if _lock(held):
                shutil.rmtree(folder)
        finally:
            os.close(held)


def _lock(descriptor: int) -> bool:
    """Return whether it is held: another process may, and a file system such as NFS locks no folder."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
