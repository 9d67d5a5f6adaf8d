"""How many events a process has worked off, where another one can read it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_EVERY_S = 0.1


class CountFile:
    """The count of one process; its file is written ten times a second at most, once there is more to say."""

    def __init__(self, folder: Path, number: int) -> None:
        self._path = folder / f"{number}.count"
        self._count, self._told_s = 0, 0.0

    def add(self, events: int) -> None:
        """Count some more."""
        self._count += events
        now_s = time.monotonic()
        if now_s - self._told_s >= _EVERY_S:
            self._told_s = now_s
            self.tell()

    def tell(self) -> None:
        """Write the count."""
        self._path.write_text(str(self._count))


def counted(folder: Path) -> int:
    """Return the sum of all counts in a folder; a file that is being written counts as nothing."""
    return sum(int(path.read_text() or 0) for path in folder.glob("*.count"))
