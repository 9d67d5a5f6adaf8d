"""What a job that notes (`noted`) and its virtual machines have told, as spans of time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_PAUSE = re.compile(r'^\[(\d+)ms\] Safepoint "(\w+)".* Total: +(\d+) ns$', re.MULTILINE)
_LEAST_PAUSE_MS = 1.0
_LANES = {"batch": "ranker", "policy": "ranker", "timer": "ranker", "handed": "hand on", "write": "redis"}
_MARKS = {"batch": "B", "handed": "h", "policy": "P", "timer": "t", "write": "W", "learn": "L", "gc": "y"}
PARTS = ("to_python", "in_python", "of_it_on_a_core", "to_writer", "in_writer")


class Span(NamedTuple):
    """Something that went on from one moment to another (epoch ms)."""

    lane: str
    mark: str
    begin_ms: float
    end_ms: float


class Step(NamedTuple):
    """A line of `noted`."""

    process: str
    what: str
    begin_ms: float
    wall_ms: float
    cpu_ms: float
    more: tuple[float, ...]


class Way(NamedTuple):
    """A batch on its way, in ms; the first part counts from the mean of the times at which the broker took its records.

    `on_core` is the part of `in_python` in which its thread had a core.
    """

    records: int
    to_python: float
    in_python: float
    on_core: float
    to_writer: float
    in_writer: float

    @property
    def whole(self) -> float:
        """From the broker to Redis."""
        return self.to_python + self.in_python + self.to_writer + self.in_writer


def steps(folder: Path, names: Mapping[int, str]) -> list[Step]:
    """Return what was noted in a folder, by time; `names` are those of the processes by their ids."""
    found = []
    for path in sorted(folder.glob("*-*.txt")):
        process = names.get(int(path.stem.rpartition("-")[2]), path.stem)
        for line in path.read_text().splitlines():
            what, begin, wall, cpu, *more = line.split()
            found.append(Step(process, what, float(begin), float(wall), float(cpu), tuple(map(float, more))))
    return sorted(found, key=lambda step: step.begin_ms)


def pauses(process: str, log: str) -> Iterator[Span]:
    """Yield each pause of a virtual machine of a millisecond and more, from its log (`settings_with_pauses`).

    >>> text = '[1000ms] Safepoint "ParallelGCFailedAllocation", Time since last: 9 ns, Total:   2500000 ns'
    >>> list(pauses("taskmanager-1", text))
    [Span(lane='taskmanager-1 paused', mark='G', begin_ms=997.5, end_ms=1000.0)]
    """
    for end_ms, why, total_ns in _PAUSE.findall(log):
        took_ms = int(total_ns) / 1e6
        if took_ms >= _LEAST_PAUSE_MS:
            mark = "G" if "GC" in why or "Collect" in why else "s"
            yield Span(f"{process} paused", mark, int(end_ms) - took_ms, float(end_ms))


def checkpoints(history: Iterable[Mapping[str, Any]]) -> Iterator[Span]:
    """Yield each checkpoint, as the REST interface tells of them."""
    for each in history:
        begin_ms = float(each["trigger_timestamp"])
        yield Span("checkpoint", "C", begin_ms, begin_ms + float(each["end_to_end_duration"]))


def spans(told: Iterable[Step]) -> Iterator[Span]:
    """Yield what went on by process and kind."""
    for step in told:
        lane = _LANES.get(step.what, step.what)
        mark = _MARKS.get(step.what, "?")
        yield Span(f"{step.process} {lane}", mark, step.begin_ms, step.begin_ms + step.wall_ms)


def ways(told: Iterable[Step], begin_ms: float, end_ms: float) -> list[Way]:
    """Return the ways of batches that came to Python between two moments and whose lists were written."""
    written, begun = {}, []
    for step in told:
        if step.what == "write":
            written[step.process, step.more[1]] = step
        elif step.what == "batch" and begin_ms <= step.begin_ms < end_ms:
            begun.append(step)
    found = []
    for step in begun:
        count, mean_ms, _, key = step.more
        write = written.get((step.process, key))
        if write is not None:
            waited = write.begin_ms - step.begin_ms - step.wall_ms
            found.append(Way(int(count), step.begin_ms - mean_ms, step.wall_ms, step.cpu_ms, waited, write.wall_ms))
    return found


def parts_of(found: Iterable[Way]) -> dict[str, dict[str, float]]:
    """Return the mean ms of each part over the records about the median, and over the latest hundredth of them.

    At least one way.
    """
    table = np.array([each[1:] for each in found for each in [each] * each.records])
    whole = table[:, (0, 1, 3, 4)].sum(axis=1)
    result = {}
    for name, (low, high) in {"median": (45, 55), "latest": (99, 100)}.items():
        least, most = np.percentile(whole, (low, high))
        chosen = table[(whole >= least) & (whole <= most)].mean(axis=0)
        result[name] = {part: round(float(ms), 1) for part, ms in zip(PARTS, chosen, strict=True)}
    return result
