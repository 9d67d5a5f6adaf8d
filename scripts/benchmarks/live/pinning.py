"""Processes on cores of their own, so that what one takes is no matter of what runs beside it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Cores(NamedTuple):
    """Who runs where; with a single core all run there."""

    taskmanagers: frozenset[int]
    others: frozenset[int]
    """Broker, Redis, JobManager and the benchmark itself."""


def shared_out(cores: Iterable[int]) -> Cores:
    """Return the first core for the others, and the rest for TaskManagers.

    >>> shared_out([4, 2, 7])
    Cores(taskmanagers=frozenset({4, 7}), others=frozenset({2}))
    >>> shared_out([3])
    Cores(taskmanagers=frozenset({3}), others=frozenset({3}))
    """
    first, *rest = sorted(cores)
    return Cores(frozenset(rest or [first]), frozenset([first]))


@contextmanager
def born_on(cores: Iterable[int]) -> Iterator[None]:
    """Let processes that are started meanwhile run on these alone; a JVM sizes itself by how many there are."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin(pid: int, cores: Iterable[int]) -> None:
    """Move a process, all the threads it has, to these cores; those it starts later go with the one that starts them.

    Raises:
        OSError: it has ended, or none of the cores is there.
    """
    wanted, moved = frozenset(cores), set[str]()
    while left := {each.name for each in Path(f"/proc/{pid}/task").iterdir()} - moved:
        for thread in left:
            try:
                os.sched_setaffinity(int(thread), wanted)
            except ProcessLookupError:  # a thread that has ended since
                continue
        moved |= left
