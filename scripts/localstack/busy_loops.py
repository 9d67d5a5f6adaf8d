"""Busy loops beside the tests, so that what passes does not pass because the machine was quiet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# It looks for its parent: not even a `kill -9` of the test run leaves a loop behind.
_LOOP = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    sum(range(100_000))"


@contextmanager
def busy(cores: int | None = None) -> Iterator[list[int]]:
    """Keeps that many cores busy (all of them if not told) at usual priority; gives the process ids.

    The loops end with the block, however it ends: by SIGTERM, or by SIGINT even where a shell's `&` has it ignored.
    """
    before = {number: signal.signal(number, _end) for number in (signal.SIGINT, signal.SIGTERM)}
    loops: list[subprocess.Popen[bytes]] = []
    command = ["nice", "-n", "0", sys.executable, "-c", _LOOP, str(os.getpid())]
    try:
        for _ in range(cores or os.cpu_count() or 1):
            loops.append(subprocess.Popen(command))  # noqa: PERF401 - those that were started are stopped
        yield [loop.pid for loop in loops]
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
