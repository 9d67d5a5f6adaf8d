"""What an event costs with one, two and four TaskManagers, apart from what each of them takes by itself.

A TaskManager starts, loads, compiles, fetches, beats and is scraped whether events come or not. On the machine of a
benchmark several of them share the same events and cores, so that part of each event grows with their number, and would
be taken for a cost of scaling out. TaskManagers have cores of their own here, the same ones however many they are.

Four on one core read for a quarter of the time that one would have between two batches, so theirs are smaller, which no
machine of their own would make them. What that costs is told by one TaskManager with batches as small.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.benchmarks.live.arena import SAMPLE_S, Arena, Run, arena
from tideline.scripts.benchmarks.live.pinning import born_on, pin, shared_out
from tideline.scripts.benchmarks.live.rates import STEADY_TO
from tideline.scripts.benchmarks.live.throughput import refuse_refused
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tideline.schemas.topics import Topics

TASKMANAGERS = (1, 2, 4)
WARM_EVENTS = 30_000
"""What each TaskManager works off before it is counted; in all runs the same events count."""
SMALL = "1, small batches"
_SMALL_BATCH = 450
_SETTLING_S, _IDLE_S = 3.0, 30.0
"""As long as from one checkpoint to the next, so that each has one in it."""
_ENTRY = """import sys

from tideline.jobs import gather
from tideline.jobs.interest_job import main

gather._MOST_RECORDS = {most}
sys.exit(main(sys.argv[1:]))
"""


class Scaled(NamedTuple):
    """What one run has shown; microseconds of CPU time an event, of all TaskManagers together."""

    us_per_event: float
    """What goes with events: without the idle seconds of as long a time."""
    gross_us: float
    """With them."""
    events_per_s: float
    redis_us: float
    kafka_us: float
    batch_events: float
    """Events in a batch, on average."""
    cpu_per_idle_second: float
    """Of one TaskManager with the job running and no events, scraped as in the run."""
    start_cpu_s: float
    """Of one TaskManager, from its start to its first event."""
    us_by_thread: dict[str, float]


def counted(events: int) -> tuple[float, float]:
    """Return after how many events counting begins and ends: every TaskManager is warm, none has run out of events.

    Raises:
        StackError: that is none.
    """
    begin, end = max(TASKMANAGERS) * WARM_EVENTS, events * STEADY_TO
    if begin >= end:
        raise StackError(f"of {events:,} events the first {begin:,} do not count: more --events are needed")
    return begin, end


def in_rounds(base: Arena, topics: Topics, events: int, rounds: int) -> dict[str, list[Scaled]]:
    """Work the topic off with each number of TaskManagers, and in small batches; rounds go up and down in turns."""
    ways = {SMALL: 1} | {str(count): count for count in TASKMANAGERS}
    found: dict[str, list[Scaled]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in list(ways)[:: -1 if number % 2 else 1]:
            run = _ran(base, topics, events, ways[way], f"{len(way)}-{ways[way]}-{number}", small=way == SMALL)
            say(f"{way}: {run}")
            found[way].append(run)
    return found


def medians(runs: Sequence[Scaled]) -> dict[str, Any]:
    """Return each figure's median over the runs; of a thread that one of them did not see, 0 counts."""
    names = [name for name in Scaled._fields if name != "us_by_thread"]
    figures = {name: round(median(getattr(each, name) for each in runs), 4) for name in names}
    threads = dict.fromkeys(name for each in runs for name in each.us_by_thread)
    by_thread = {name: round(median(each.us_by_thread.get(name, 0.0) for each in runs), 2) for name in threads}
    return figures | {"us_by_thread": by_thread}


def idle_of(runs: Mapping[str, Sequence[Scaled]]) -> float:
    """Return CPU seconds a second of a TaskManager without events, the median of all runs."""
    return median(each.cpu_per_idle_second for of_count in runs.values() for each in of_count)


def apart(run: Run, idle: Mapping[str, float], events: int, taskmanagers: int) -> Scaled:
    """Return what a run says; `idle` are CPU seconds a second by process, TaskManagers together."""
    done = [each.events for each in run.samples]
    begin, end = counted(events)
    count = end - begin

    def between(values: Sequence[float]) -> float:
        at_begin, at_end = np.interp([begin, end], done, values)
        return float(at_end - at_begin)

    seconds = between([each.at_s for each in run.samples])
    gross = {name: between([each[name] for each in run.cpu_s]) for name in run.cpu_s[0]}
    before = max(at for at, events_then in enumerate(done) if not events_then or at == 0)
    return Scaled(
        us_per_event=round((gross["taskmanagers"] - seconds * idle["taskmanagers"]) * 1e6 / count, 2),
        gross_us=round(gross["taskmanagers"] * 1e6 / count, 2),
        events_per_s=round(count / seconds),
        redis_us=round(gross["redis"] * 1e6 / count, 2),
        kafka_us=round(gross["kafka"] * 1e6 / count, 2),
        batch_events=round(count / max(between(run.batches), 1.0), 1),
        cpu_per_idle_second=round(idle["taskmanagers"] / taskmanagers, 4),
        start_cpu_s=round(run.cpu_s[before]["taskmanagers"] / taskmanagers, 2),
        us_by_thread=run.us_by_thread,
    )


def _ran(base: Arena, topics: Topics, events: int, count: int, name: str, *, small: bool) -> Scaled:
    with _apart_from(base, count) as stage:
        entry = stage.stack.root / "small_batches.py"
        entry.write_text(_ENTRY.format(most=_SMALL_BATCH))
        own = stage.topics(f"{topics.clickstream}-{name}", int(time.time() * 1000))
        mixed = replace(own, clickstream=topics.clickstream)
        options = {"start": "earliest", "parallelism": str(count), "group_id": own.decisions}
        job_id = stage.start(mixed, options, entry if small else None)
        run = stage.watch(job_id, events, int(counted(events)[0]))
        refuse_refused(run)
        idle = _idle(stage, run)
        stage.stack.rest.cancel(job_id)
    return apart(run, idle, events, count)


@contextmanager
def _apart_from(base: Arena, count: int) -> Iterator[Arena]:
    """Open a Flink cluster whose TaskManagers have cores without Kafka, Redis, JobManager and this process."""
    before = os.sched_getaffinity(0)
    cores = shared_out(before)
    with ExitStack() as up:
        for process in base.stack.processes:
            pin(process.pid, cores.others)
            up.callback(pin, process.pid, before)
        with born_on(cores.taskmanagers):
            stage = up.enter_context(arena(f"capacity-{count}", count, beside=base))
        for process in stage.stack.processes:
            if process not in stage.stack.taskmanagers:
                pin(process.pid, cores.others)
        with born_on(cores.others):
            yield stage


def _idle(stage: Arena, run: Run) -> dict[str, float]:
    """Return CPU seconds a second of each process while the job waits for events, scraped as in the run."""
    time.sleep(_SETTLING_S)
    begun_s, before = time.monotonic(), stage.cpu_seconds()
    while (left_s := begun_s + _IDLE_S - time.monotonic()) > 0:
        run.totals.read(stage.stack.prometheus_urls.values())
        time.sleep(min(left_s, SAMPLE_S))
    seconds = time.monotonic() - begun_s
    return {name: (used_s - before[name]) / seconds for name, used_s in stage.cpu_seconds().items()}
