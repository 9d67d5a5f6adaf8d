"""What an event costs in CPU time with one, two and four TaskManagers, and what a load needs by that.

Broker and Redis are counted apart; their processes serve all runs. Where cores are fewer than processes, rates say
nothing of machines to come, but CPU time an event does: while it stays flat, more cores carry more in proportion.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.live.arena import Arena, Run, arena
from tideline.scripts.benchmarks.live.capacity_model import LOADS, USERS_PER_EVENT_S, Costs, Need, need, table
from tideline.scripts.benchmarks.live.full_states import full_states
from tideline.scripts.benchmarks.live.hot_shards import Hot, hottest
from tideline.scripts.benchmarks.live.rates import steady_cost_us, steady_rate
from tideline.scripts.benchmarks.live.throughput import USERS, ZIPF, prepare, stages, worked_off
from tideline.scripts.benchmarks.live.traffic import ACTIVITIES, CHUNK_EVENTS, activities
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.settings.job_config import JobConfig

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.schemas.topics import Topics

TASKMANAGERS = (1, 2, 4)
MANY = 10_000
_MANY_EVENTS = 2 * CHUNK_EVENTS
HEAP_BYTES = 5_000.0
"""Planned for a user (docs/operate.md); not measured by this command."""
_INTERPRETER = ("interest_rank", "redis_writer")


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    us_per_event: dict[str, dict[str, float]]
    flat: float | None
    python_us: float | None
    zipf: dict[str, Any]
    activities: dict[str, dict[str, float]]
    hot: Hot
    costs: dict[str, float]
    needs: list[dict[str, Any]]
    markdown: list[str]
    events: int


def measure(events: int) -> Figures:
    """Work `events` off with each number of TaskManagers, then by Zipf users, and with many activities."""
    with arena("capacity", 1) as base:
        before = base.cpu_seconds()["kafka"]
        topics = prepare(base, "uniform", 0.0, events)
        written_us = (base.cpu_seconds()["kafka"] - before) * 1e6 / events
        base.redis.flushall()
        empty = base.redis.info("memory")["used_memory"]
        first, logged = _ran(base, topics, events, "first")
        costs = _costs(base, first, events, logged)
        costs = costs._replace(
            kafka_us=round(costs.kafka_us + written_us, 2),
            redis_bytes=round((base.redis.info("memory")["used_memory"] - empty) / base.redis.dbsize(), 1),
            event_bytes=round(_bytes(base, topics.clickstream) / events, 1),
        )
        by_count = {"1": _told(first, events)}
        for count in TASKMANAGERS[1:]:
            with arena(f"capacity-{count}", count, beside=base) as stage:
                by_count[str(count)] = _told(_ran(stage, topics, events, str(count), count)[0], events)
        by_count["1 again"] = _told(_ran(base, topics, events, "again")[0], events)
        by_stage = stages(base, topics, events)
        zipf = _told(_ran(base, prepare(base, "zipf", ZIPF["zipf"], events), events, "zipf")[0], events)
        many = _many(base)
    return _figures(costs, by_count, zipf, many, by_stage, events)


def planned(file: Path) -> Figures:
    """Return the table again by the `costs` of a file that a run has printed with `--json`, or that was changed since.

    Raises:
        ConfigError: it holds none.
        OSError: it cannot be read.
    """
    try:
        found = json.loads(file.read_text())
        costs = Costs(**{name: float(value) for name, value in found["costs"].items()})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        wanted = f"an object with costs, an object of the numbers {', '.join(Costs._fields)}"
        raise ConfigError("from", str(file), wanted) from error
    return _figures(costs, {}, {}, {}, {}, 0)


def _figures(
    costs: Costs,
    by_count: dict[str, dict[str, float]],
    zipf: dict[str, float],
    many: dict[str, dict[str, float]],
    by_stage: dict[str, float],
    events: int,
) -> Figures:
    lines = table(costs)
    for line in lines:
        say(line)
    ours = [each["taskmanagers"] for each in by_count.values()]
    python = [us for name, us in by_stage.items() if name != "jvm" and not name.endswith("_process")]
    if by_count:
        many = {str(ACTIVITIES): by_count["1"], **many}
    return {
        "us_per_event": by_count,
        "flat": round(max(ours) / min(ours), 3) if ours else None,
        "python_us": round(sum(python), 1) if python else None,
        "zipf": zipf,
        "activities": many,
        "hot": hottest(USERS, ZIPF["zipf"], JobConfig.shards),
        "costs": costs._asdict(),
        "needs": [_need(costs, load)._asdict() for load in LOADS],
        "markdown": lines,
        "events": events,
    }


def _need(costs: Costs, load: int) -> Need:
    return need(costs, load, load * USERS_PER_EVENT_S)


def _ran(stage: Arena, topics: Topics, events: int, name: str, taskmanagers: int = 1) -> tuple[Run, float]:
    """Return how a run went, and the bytes an event that the job wrote to Kafka where that is the stack's own."""
    own = stage.topics(f"{topics.clickstream}-{name}", int(time.time() * 1000))
    mixed = replace(own, clickstream=topics.clickstream)
    run = worked_off(stage, mixed, events, {"parallelism": str(taskmanagers)})
    say(f"{name}: {_told(run, events)}")
    return run, (_bytes(stage, own.decisions) + _bytes(stage, own.policy)) / events


def _told(run: Run, events: int) -> dict[str, float]:
    """Return the steady rate, and CPU microseconds an event of each process, TaskManagers together."""
    done = [each.events for each in run.samples]
    found = {name: round(steady_cost_us(done, [each[name] for each in run.cpu_s], events), 2) for name in run.cpu_s[0]}
    return {"events_per_s": round(steady_rate(run.samples, events)), **found}


def _costs(stage: Arena, run: Run, events: int, logged: float) -> Costs:
    """Return what one TaskManager's run says; broker and Redis' bytes are put in later."""
    told, threads = _told(run, events), run.us_by_thread
    sizes = list(map(len, full_states(stage.keys, int(time.time() * 1000))))
    return Costs(
        taskmanager_us=told["taskmanagers"],
        interpreter_us=round(sum(threads.get(name, 0.0) for name in _INTERPRETER), 2),
        learner_us=threads.get("learner", 0.0),
        redis_us=told["redis"],
        kafka_us=told["kafka"],
        heap_bytes=HEAP_BYTES,
        state_bytes=round(sum(sizes) / len(sizes), 1),
        redis_bytes=0.0,
        event_bytes=0.0,
        logged_bytes=round(logged, 1),
    )


def _many(stage: Arena) -> dict[str, dict[str, float]]:
    """Return how the job goes with MANY activities live."""
    topics = prepare(stage, "many", 0.0, _MANY_EVENTS)
    now_ms = int(time.time() * 1000)
    own = replace(stage.topics(f"{topics.clickstream}-ranked", now_ms), clickstream=topics.clickstream)
    stage.offer(own, activities(now_ms, MANY)[ACTIVITIES:])
    found = _told(worked_off(stage, own, _MANY_EVENTS, {"parallelism": "1"}), _MANY_EVENTS)
    say(f"{MANY:,} activities: {found}")
    return {str(MANY): found}


def _bytes(stage: Arena, topic: str) -> int:
    """Return what a topic takes on the disk of the stack's own broker, 0 where it has none."""
    return sum(file.stat().st_size for file in (stage.stack.root / "kafka").glob(f"{topic}-[0-9]*/*.log"))
