"""The live job, which notes when it does what; submitted in place of it from a folder of its own, with the same lists.

A line a step, in a file a process and operator beside this one: what it was, when it began (epoch ms), how long it
took and how long the thread had a core meanwhile (ms), and some numbers more. What has neither a core nor the
interpreter's lock waits, so the difference of the two is the waiting.
"""

from __future__ import annotations

import gc
import os
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import tideline.jobs.topology
from tideline.jobs.interest_job import main
from tideline.udfs.operators.interest_rank import InterestRank
from tideline.udfs.operators.learn import Learn
from tideline.udfs.operators.redis_writer import RedisWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyflink.common import Row
    from pyflink.datastream.functions import RuntimeContext

_COUNT_BYTES, _MOMENT_NUMBERS = 8, 2


class Notes:
    """Lines of one operator in one process."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / f"{name}-{os.getpid()}.txt").open("a", buffering=1)

    def add(self, what: str, begun: tuple[float, float], *more: float) -> None:
        """Write what began then (`now`) and ends now."""
        ended = now()
        numbers = (begun[0], ended[0] - begun[0], ended[1] - begun[1], *more)
        self._file.write(" ".join([what, *map(_text, numbers)]) + "\n")

    def close(self) -> None:
        """Write nothing more."""
        self._file.close()


def now() -> tuple[float, float]:
    """Return the epoch and the CPU time of this thread, in ms."""
    return time.time() * 1000, time.thread_time() * 1000


def _text(number: float) -> str:
    return f"{number:.3f}"


class NotedRank(InterestRank):
    """The ranking operator: each batch, each record of a broadcast topic, each timer, and Python's collections."""

    folder = Path(__file__).resolve().parent

    def open(self, context: RuntimeContext) -> None:
        """Open, then begin to note."""
        super().open(context)
        self._notes = Notes(self.folder, "rank")
        self._collecting = now()
        gc.callbacks.append(self._collected)

    def close(self) -> None:
        """End the notes, too."""
        if self._collected in gc.callbacks:  # Flink closes what could not be opened, too
            gc.callbacks.remove(self._collected)
            self._notes.close()
        super().close()

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = now()
        else:
            self._notes.add("gc", self._collecting, info["generation"])

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Process a batch; its records' number, mean and first append time (epoch ms), and the row of its lists."""
        began, packed = now(), row[1]
        count = int.from_bytes(packed[:_COUNT_BYTES], "little")
        moments = np.frombuffer(packed, np.int64, _MOMENT_NUMBERS * count, _COUNT_BYTES)[1::_MOMENT_NUMBERS]
        marks = [float(moments.mean()), float(moments.min())]
        handed = began
        for made in super().process_element(row, ctx):
            if made[1]:
                self._notes.add("batch", began, count, *marks, zlib.crc32(made[1]))
                handed = now()
            yield made
        if handed is not began:
            self._notes.add("handed", handed)

    def process_broadcast_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Apply a record."""
        began = now()
        yield from super().process_broadcast_element(row, ctx)
        self._notes.add(row[0] or "none", began)

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Row]:
        """Do what is due."""
        began = now()
        yield from super().on_timer(timestamp, ctx)
        self._notes.add("timer", began)


class NotedWriter(RedisWriter):
    """The Redis writer: each row of lists."""

    folder = Path(__file__).resolve().parent

    def open(self, context: RuntimeContext) -> None:
        """Open, then begin to note."""
        super().open(context)
        self._notes = Notes(self.folder, "writer")

    def close(self) -> None:
        """End the notes, too."""
        if hasattr(self, "_notes"):
            self._notes.close()
        super().close()

    def map(self, row: Row) -> int:
        """Write a row; how many lists, and the row of `NotedRank`."""
        began = now()
        written = super().map(row)
        if row[1]:
            self._notes.add("write", began, written, zlib.crc32(row[1]))
        return written


class NotedLearn(Learn):
    """The learner: each of its rows."""

    folder = Path(__file__).resolve().parent

    def open(self, context: RuntimeContext) -> None:
        """Open, then begin to note."""
        super().open(context)
        self._notes = Notes(self.folder, "learn")

    def close(self) -> None:
        """End the notes, too."""
        if hasattr(self, "_notes"):
            self._notes.close()
        super().close()

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Learn, and publish."""
        began = now()
        made = list(super().process_element(row, ctx))
        self._notes.add("learn", began, len(made))
        yield from made


if __name__ == "__main__":
    topology: Any = tideline.jobs.topology
    topology.InterestRank, topology.RedisWriter, topology.Learn = NotedRank, NotedWriter, NotedLearn
    sys.exit(main(sys.argv[1:]))
