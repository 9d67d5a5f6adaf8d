"""Events a second from a full Kafka topic to lists in Redis, beside the idiomatic job on the same topic.

Everything shares the machine's cores: broker, Redis, JobManager, TaskManagers. The live job runs with one and with two
TaskManagers, the idiomatic one too; of each the better figure counts, both are printed.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from tideline.scripts.benchmarks.live.arena import Arena, Run, arena
from tideline.scripts.benchmarks.live.idiomatic_run import idiomatic_rate
from tideline.scripts.benchmarks.live.rates import steady_rate
from tideline.scripts.benchmarks.live.traffic import Traffic
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack import StackError
from tideline.udfs.operators.metrics import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.schemas.topics import Topics

USERS = 100_000
ZIPF = {"uniform": 0.0, "zipf": 1.1}
_TASKMANAGERS = (1, 2)
_SPAN_MS = 6 * 3_600_000  # slow enough that the busiest Zipf user is no robot
_CAPACITY_EVENTS = 400_000
_HERE = Path(__file__).resolve().parent


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    uniform: dict[str, Any]
    zipf: dict[str, Any]
    us_per_event: dict[str, float]
    events: int
    idiomatic_events: int
    users: int


def measure(events: int, idiomatic_events: int) -> Figures:
    """Run the benchmark on `events` of each distribution, of which the idiomatic job works off the first."""
    with arena("throughput", max(_TASKMANAGERS)) as stage:
        found: dict[str, dict[str, Any]] = {}
        spent: dict[str, float] = {}
        for name, zipf in ZIPF.items():
            topics = prepare(stage, name, zipf, events)
            ours = {count: _live(stage, topics, name, events, count) for count in _TASKMANAGERS}
            theirs = {count: idiomatic_rate(stage, topics, name, idiomatic_events, count) for count in _TASKMANAGERS}
            best, best_theirs = max(rate for rate, _ in ours.values()), max(theirs.values())
            found[name] = {
                "events_per_s": round(best),
                "idiomatic_events_per_s": round(best_theirs),
                "ratio": round(best / best_theirs, 1),
                "events_per_s_by_taskmanagers": {str(count): round(rate) for count, (rate, _) in ours.items()},
                "us_by_thread": ours[1][1].us_by_thread,
                "idiomatic_events_per_s_by_taskmanagers": {str(count): round(rate) for count, rate in theirs.items()},
            }
            say(f"{name}: {best:,.0f} events/s, idiomatic {best_theirs:,.0f}, ratio {best / best_theirs:.1f}")
            for thread, us in ours[1][1].us_by_thread.items():
                say(f"{thread:20} {us:6.1f} us")
            if name == "uniform":
                spent = stages(stage, topics, events)
        return {
            "uniform": found["uniform"],
            "zipf": found["zipf"],
            "us_per_event": spent,
            "events": events,
            "idiomatic_events": idiomatic_events,
            "users": USERS,
        }


def prepare(stage: Arena, name: str, zipf: float, events: int, users: int = USERS) -> Topics:
    """Make topics with that much traffic of the last hours in them; users' shares fall by rank with `zipf`."""
    now_ms = int(time.time() * 1000)
    traffic = Traffic(users, zipf, now_ms - _SPAN_MS, _SPAN_MS / events, stage.keys)
    topics = stage.topics(name, traffic.first_ms)
    stage.fill(topics.clickstream, traffic, events)
    return topics


def _live(stage: Arena, topics: Topics, name: str, events: int, taskmanagers: int) -> tuple[float, Run]:
    run = run_live(stage, topics, events, taskmanagers)
    rate = steady_rate(run.samples, events)
    whole = events / (run.samples[-1].at_s - next(each.at_s for each in run.samples if each.events))
    say(f"{name}, {taskmanagers} TaskManager(s): {rate:,.0f} events/s; with start and end {whole:,.0f}")
    return rate, run


def capacity_of(stage: Arena, taskmanagers: int) -> int:
    """Return the events/s with uniform users, from a shorter run than the benchmark's."""
    say("measuring the capacity")
    topics = prepare(stage, "capacity", 0.0, _CAPACITY_EVENTS)
    rate, _ = _live(stage, topics, "uniform", _CAPACITY_EVENTS, taskmanagers)
    return round(rate)


def run_live(
    stage: Arena,
    topics: Topics,
    events: int,
    taskmanagers: int,
    entry: Path | None = None,
    checkpoint: bool = False,
) -> Run:
    """Let the live job, or `entry` in its place, work off the topic with nothing learned before.

    With `checkpoint` the size of one is measured at the end.

    Raises:
        StackError: records were refused.
    """
    own = stage.topics(f"{topics.clickstream}-{taskmanagers}{'-staged' * bool(entry)}", int(time.time() * 1000))
    mixed = replace(own, clickstream=topics.clickstream)
    return worked_off(stage, mixed, events, {"parallelism": str(taskmanagers)}, entry, checkpoint)


def worked_off(
    stage: Arena,
    topics: Topics,
    events: int,
    options: Mapping[str, str],
    entry: Path | None = None,
    checkpoint: bool = False,
) -> Run:
    """Let a job with some options work off topics from their start; as `run_live`, which makes those of its own."""
    job_id = stage.start(topics, {"start": "earliest", **options}, entry)
    run = stage.watch(job_id, events)
    if checkpoint:
        run.checkpoint_bytes = int(stage.stack.rest.checkpoint(job_id)["state_size"])
    stage.stack.rest.cancel(job_id)
    refuse_refused(run)
    return run


def refuse_refused(run: Run) -> None:
    """Raise StackError where the job refused records."""
    refused = {name: run.totals.total(name) for name in COUNTERS if name.startswith("dead_letter")}
    if any(refused.values()):
        raise StackError(f"the job refused records: {refused}")


def stages(stage: Arena, topics: Topics, events: int) -> dict[str, float]:
    """Return CPU microseconds an event of every stage, in an extra run of the job with clocks in it."""
    say("once more with a clock around each stage")
    run = run_live(stage, topics, events, 1, _HERE / "staged.py")
    found = {name: spent_ns / 1000 / events for name, spent_ns in run.stages_ns.items()}
    used = {name: (run.cpu_s[-1][name] - run.cpu_s[0][name]) * 1e6 / events for name in run.cpu_s[0]}
    found["jvm"] = used.pop("taskmanagers") - sum(found.values())
    found |= {f"{name}_process": spent for name, spent in used.items()}
    for name, spent in found.items():
        say(f"{name:20} {spent:6.1f} us")
    return {name: round(spent, 2) for name, spent in found.items()}
