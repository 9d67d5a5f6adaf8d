"""CPU time an event by thread of the TaskManagers: which of them one core has to carry, and where the others' goes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_LEAST_US = 0.05


class ThreadTimes:
    """What threads have used between the first look and the last; of one that has ended, as it was last seen.

    >>> ThreadTimes().us_per_event()
    {}
    """

    def __init__(self) -> None:
        self._first: dict[int, float] = {}
        self._last: dict[int, tuple[str, float]] = {}
        self._events: list[float] = []

    def look(self, events: float, pids: Iterable[int]) -> None:
        """Note the times of all threads of these processes once so many events had been worked off."""
        found = {number: (name, used_s) for pid in pids for number, name, used_s in _threads(pid)}
        if not self._events:
            self._first = {number: used_s for number, (_, used_s) in found.items()}
        self._last |= found
        self._events.append(events)

    def us_per_event(self) -> dict[str, float]:
        """Return CPU microseconds an event by name of the thread, most first; threads of one name are one.

        Linux keeps 15 characters of a name. Empty before a second look at more events.
        """
        events = self._events[-1] - self._events[0] if self._events else 0
        if not events:
            return {}
        found: dict[str, float] = {}
        for number, (name, used_s) in self._last.items():
            found[name] = found.get(name, 0.0) + used_s - self._first.get(number, 0.0)
        in_us = {name: round(used_s * 1e6 / events, 2) for name, used_s in found.items()}
        return {name: us for name, us in sorted(in_us.items(), key=lambda each: -each[1]) if us >= _LEAST_US}


def _threads(pid: int) -> Iterator[tuple[int, str, float]]:
    """Yield number, name and CPU seconds of each thread of a process."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            head, _, rest = (task / "stat").read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):  # it has ended since
            continue
        fields = rest.split()
        yield int(task.name), name_of(head.partition("(")[2]), (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def name_of(thread: str) -> str:
    """Return what threads that do the same have in common: of a chain of operators the first, and no numbers.

    >>> [name_of(each) for each in ("interest_rank -", "learner -> Data", "GC Thread#1", "kafka-producer-")]
    ['interest_rank', 'learner', 'GC Thread', 'kafka-producer']
    """
    return re.sub(r"[\s#0-9-]+$", "", thread.partition(" ->")[0]) or thread
