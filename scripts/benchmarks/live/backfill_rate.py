"""A backfill beside the live job on the same topic: events a second, and whether the states of all users are the same.

Three runs over the same records, with one TaskManager: the live job, a backfill, and a backfill whose TaskManager is
killed when half is read. Each ends with a savepoint; the states in them are compared byte for byte.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from tideline.scripts.benchmarks.live.arena import Arena, arena, job_options
from tideline.scripts.benchmarks.live.rates import Sample, steady_rate
from tideline.scripts.benchmarks.live.saved_states import saved_states
from tideline.scripts.benchmarks.live.throughput import prepare
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.commands.backfill import backfill
from tideline.scripts.diagnosis.job_metrics import JobMetrics
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tideline.schemas.topics import Topics

_SAMPLE_S = 0.5


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    events_per_s: int
    live_events_per_s: int
    ratio: float
    seconds: float
    live_seconds: float
    killed_seconds: float
    users: int
    events: int
    faults: list[str]


class Ran(NamedTuple):
    """A run: events a second in its steady part, seconds from its first events to its savepoint, states by user."""

    events_per_s: float
    seconds: float
    states: dict[str, bytes]


def measure(events: int) -> Figures:
    """Run the benchmark on that many events of uniform users."""
    with arena("backfill", 1) as stage:
        topics = prepare(stage, "past", 0.0, events)
        live = _live(stage, topics, events)
        say(f"live: {live.events_per_s:,.0f} events/s")
        filled = _backfill(stage, topics, events, kill=False)
        say(f"backfill: {filled.events_per_s:,.0f} events/s")
        killed = _backfill(stage, topics, events, kill=True)
        faults = [*differences("backfill", live, filled), *differences("backfill killed once", live, killed)]
        return {
            "events_per_s": round(filled.events_per_s),
            "live_events_per_s": round(live.events_per_s),
            "ratio": round(filled.events_per_s / live.events_per_s, 2),
            "seconds": round(filled.seconds, 1),
            "live_seconds": round(live.seconds, 1),
            "killed_seconds": round(killed.seconds, 1),
            "users": len(live.states),
            "events": events,
            "faults": faults,
        }


def _live(stage: Arena, topics: Topics, events: int) -> Ran:
    own = _own(stage, topics, "live")
    job_id = stage.start(own, {"group_id": own.decisions})
    run = stage.watch(job_id, events)
    began_s = next(each.at_s for each in run.samples if each.events)
    savepoint = stage.stack.rest.stop(job_id)
    return Ran(steady_rate(run.samples, events), time.monotonic() - began_s, saved_states(savepoint))


def _backfill(stage: Arena, topics: Topics, events: int, *, kill: bool) -> Ran:
    own = _own(stage, topics, "killed" if kill else "filled")
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(backfill, stage.stack, job_options(own, {"group_id": own.decisions}))
        samples = _watch(stage, found, events if not kill else events // 2)
        if kill:
            say("killing the TaskManager")
            stage.stack.kill_taskmanager(0)
            stage.stack.add_taskmanager()
        savepoint = str(found.result()["savepoint"])
    began_s, ended_s = next(each.at_s for each in samples if each.events), time.monotonic()
    if stage.redis.dbsize():
        raise StackError(f"a backfill has written {stage.redis.dbsize()} keys")
    rate = 0.0 if kill else steady_rate(samples, events)
    return Ran(rate, ended_s - began_s, saved_states(savepoint))


def _own(stage: Arena, topics: Topics, name: str) -> Topics:
    """Return topics of a run's own beside the clickstream that all read."""
    own = stage.topics(f"{topics.clickstream}-{name}", int(time.time() * 1000))
    stage.redis.flushall()
    return replace(own, clickstream=topics.clickstream)


def _watch(stage: Arena, found: Future[Any], until: int) -> list[Sample]:
    """Sample how many records were processed until it is so many."""
    samples: list[Sample] = []
    totals = JobMetrics()
    while not samples or samples[-1].events < until:
        if found.done():
            raise StackError(f"the backfill ended before: {found.result()}")
        totals.read(stage.stack.prometheus_urls.values())
        samples.append(Sample(time.monotonic(), totals.total("records")))
        time.sleep(_SAMPLE_S)
    return samples


def differences(name: str, live: Ran, other: Ran) -> list[str]:
    """Return a line on a run whose states are not those of the live job, none where they are."""
    users = live.states.keys() | other.states.keys()
    wrong = [user for user in users if live.states.get(user) != other.states.get(user)]
    return [f"{name}: the states of {len(wrong)} of {len(users)} users differ, {min(wrong)} first"] if wrong else []
