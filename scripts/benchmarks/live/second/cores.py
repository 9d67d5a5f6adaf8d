"""Who had a core and who waited for one, by moment: from /proc/PID/task/TID/schedstat, in nanoseconds."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tideline.scripts.benchmarks.live.by_thread import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

EVERY_S = 0.025
_NEW_THREADS_EVERY = 40


class Looked(NamedTuple):
    """Milliseconds of each (process, thread) since the moment before: with a core, and ready but without one."""

    at_ms: float
    """Epoch."""
    ran_ms: dict[tuple[str, str], float]
    waited_ms: dict[tuple[str, str], float]


class Cores:
    """Looks at all threads of some processes; threads of one name are one."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._open: dict[tuple[str, str, str], int] = {}
        self._before: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._looks = 0

    def look(self) -> Looked:
        """Return what came since the last look; a thread's first one tells nothing."""
        if self._looks % _NEW_THREADS_EVERY == 0:
            self._find()
        self._looks += 1
        found = Looked(time.time() * 1000, {}, {})
        for key, file in list(self._open.items()):
            try:
                ran, waited, _ = map(int, os.pread(file, 64, 0).split())
            except (OSError, ValueError):  # it has ended
                os.close(self._open.pop(key))
                continue
            then = self._before.get(key, (ran, waited))
            self._before[key] = ran, waited
            for into, ns in ((found.ran_ms, ran - then[0]), (found.waited_ms, waited - then[1])):
                if ns:
                    into[key[:2]] = into.get(key[:2], 0.0) + ns / 1e6
        return found

    def _find(self) -> None:
        for process, pid in self._pids.items():
            with suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    with suppress(OSError):
                        key = process, name_of((task / "comm").read_text().strip()), task.name
                        if key not in self._open:
                            self._open[key] = os.open(task / "schedstat", os.O_RDONLY)


def keep_looking(pids: Mapping[str, int], until: Connection, found: Connection) -> None:
    """Look every EVERY_S until something comes or the other end is gone, then tell all of it."""
    cores, seen = Cores(pids), []
    while not until.poll(EVERY_S):
        seen.append(cores.look())
    found.send(seen)
