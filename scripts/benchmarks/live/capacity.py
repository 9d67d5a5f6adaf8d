"""What an event costs in CPU time with one, two and four TaskManagers, and what a load needs by that.

Broker and Redis are counted apart; their processes serve all runs. Where cores are fewer than processes, rates say
nothing of machines to come, but CPU time an event does: while it stays flat, more cores carry more in proportion. Rates
by Zipf users and by activities, and the stages of an event, are of one TaskManager on all cores.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.live.arena import Arena, Run, arena
from tideline.scripts.benchmarks.live.capacity_model import LOADS, USERS_PER_EVENT_S, Costs, Need, need, table
from tideline.scripts.benchmarks.live.full_states import full_states
from tideline.scripts.benchmarks.live.hot_shards import Hot, hottest
from tideline.scripts.benchmarks.live.pinning import shared_out
from tideline.scripts.benchmarks.live.rates import steady_cost_us, steady_rate
from tideline.scripts.benchmarks.live.rescaled import rescaled
from tideline.scripts.benchmarks.live.scaling import TASKMANAGERS, Scaled, counted, idle_of, in_rounds, medians
from tideline.scripts.benchmarks.live.throughput import USERS, ZIPF, prepare, stages, worked_off
from tideline.scripts.benchmarks.live.traffic import ACTIVITIES, CHUNK_EVENTS, activities
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.settings.job_config import JobConfig

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.schemas.topics import Topics

MANY = 10_000
_MANY_EVENTS = 2 * CHUNK_EVENTS
HEAP_BYTES = 5_000.0
"""Planned for a user (docs/operate.md); not measured by this command."""
_RESCALED_AT = 0.3
"""Of a TaskManager's rate: what waits while the job stands still is made up for in less time than that."""
_INTERPRETER = ("interest_rank", "redis_writer")


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    scaling: dict[str, dict[str, Any]]
    by_round: dict[str, list[float]]
    flat: float | None
    flat_gross: float | None
    cores: dict[str, list[int]]
    rescale: dict[str, Any]
    python_us: float | None
    uniform: dict[str, Any]
    zipf: dict[str, Any]
    activities: dict[str, dict[str, float]]
    hot: Hot
    costs: dict[str, float]
    needs: list[dict[str, Any]]
    markdown: list[str]
    events: int


class Found(NamedTuple):
    """What was measured; empty where a table is printed again."""

    runs: dict[str, list[Scaled]]
    rescale: dict[str, Any]
    uniform: dict[str, float]
    zipf: dict[str, float]
    many: dict[str, float]
    by_stage: dict[str, float]
    events: int


def measure(events: int, rounds: int) -> Figures:
    """Work `events` off with each number of TaskManagers, then by Zipf users, and with many activities.

    Raises:
        StackError: these are too few to count any.
    """
    counted(events)
    with arena("capacity", 1) as base:
        before = base.cpu_seconds()["kafka"]
        topics = prepare(base, "uniform", 0.0, events)
        written_us = (base.cpu_seconds()["kafka"] - before) * 1e6 / events
        base.redis.flushall()
        empty = base.redis.info("memory")["used_memory"]
        uniform, logged = _ran(base, topics, events, "uniform")
        redis_bytes = (base.redis.info("memory")["used_memory"] - empty) / base.redis.dbsize()
        by_stage = stages(base, topics, events)
        zipf, _ = _ran(base, prepare(base, "zipf", ZIPF["zipf"], events), events, "zipf")
        many = _many(base)
        runs = in_rounds(base, topics, events, rounds)
        one = medians(runs["1"])
        rescale = rescaled(base, round(one["events_per_s"] * _RESCALED_AT))
        costs = _costs(base, one, idle_of(runs))._replace(
            kafka_us=round(one["kafka_us"] + written_us, 2),
            redis_bytes=round(redis_bytes, 1),
            event_bytes=round(_bytes(base, topics.clickstream) / events, 1),
            logged_bytes=round(logged, 1),
        )
    return figures(costs, Found(runs, rescale, uniform, zipf, many, by_stage, events))


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
    return figures(costs, Found({}, {}, {}, {}, {}, {}, 0))


def figures(costs: Costs, found: Found) -> Figures:
    """Return what is printed, and say the table, of what was measured and the costs that follow from it."""
    lines = table(costs)
    for line in lines:
        say(line)
    counts = [str(count) for count in TASKMANAGERS if found.runs]
    scaling = {count: medians(runs) for count, runs in found.runs.items()}
    python = [us for name, us in found.by_stage.items() if name != "jvm" and not name.endswith("_process")]
    cores = shared_out(os.sched_getaffinity(0))
    return {
        "scaling": scaling,
        "by_round": {count: [each.us_per_event for each in runs] for count, runs in found.runs.items()},
        "flat": _spread([scaling[count]["us_per_event"] for count in counts]),
        "flat_gross": _spread([scaling[count]["gross_us"] for count in counts]),
        "cores": {name: sorted(which) for name, which in cores._asdict().items()} if scaling else {},
        "rescale": found.rescale,
        "python_us": round(sum(python), 1) if python else None,
        "uniform": found.uniform,
        "zipf": found.zipf,
        "activities": {str(ACTIVITIES): found.uniform, str(MANY): found.many} if found.many else {},
        "hot": hottest(USERS, ZIPF["zipf"], JobConfig.shards),
        "costs": costs._asdict(),
        "needs": [_need(costs, load)._asdict() for load in LOADS],
        "markdown": lines,
        "events": found.events,
    }


def _spread(values: list[float]) -> float | None:
    return round(max(values) / min(values), 3) if values else None


def _need(costs: Costs, load: int) -> Need:
    return need(costs, load, load * USERS_PER_EVENT_S)


def _ran(stage: Arena, topics: Topics, events: int, name: str) -> tuple[dict[str, float], float]:
    """Return what a run with one TaskManager costs, and the bytes an event that the job wrote to Kafka."""
    own = stage.topics(f"{topics.clickstream}-{name}", int(time.time() * 1000))
    mixed = replace(own, clickstream=topics.clickstream)
    told = _told(worked_off(stage, mixed, events, {"parallelism": "1"}), events)
    say(f"{name}: {told}")
    return told, (_bytes(stage, own.decisions) + _bytes(stage, own.policy)) / events


def _told(run: Run, events: int) -> dict[str, float]:
    """Return the steady rate, and CPU microseconds an event of each process."""
    done = [each.events for each in run.samples]
    found = {name: round(steady_cost_us(done, [each[name] for each in run.cpu_s], events), 2) for name in run.cpu_s[0]}
    return {"events_per_s": round(steady_rate(run.samples, events)), **found}


def _costs(stage: Arena, one: dict[str, Any], idle: float) -> Costs:
    """Return what the runs of one TaskManager say; what topics and Redis hold is put in later."""
    sizes = list(map(len, full_states(stage.keys, int(time.time() * 1000))))
    return Costs(
        taskmanager_us=one["us_per_event"],
        taskmanager_idle=idle,
        interpreter_us=round(sum(one["us_by_thread"].get(name, 0.0) for name in _INTERPRETER), 2),
        learner_us=one["us_by_thread"].get("learner", 0.0),
        redis_us=one["redis_us"],
        kafka_us=0.0,
        heap_bytes=HEAP_BYTES,
        state_bytes=round(sum(sizes) / len(sizes), 1),
        redis_bytes=0.0,
        event_bytes=0.0,
        logged_bytes=0.0,
    )


def _many(stage: Arena) -> dict[str, float]:
    """Return how the job goes with MANY activities live."""
    topics = prepare(stage, "many", 0.0, _MANY_EVENTS)
    now_ms = int(time.time() * 1000)
    own = replace(stage.topics(f"{topics.clickstream}-ranked", now_ms), clickstream=topics.clickstream)
    stage.offer(own, activities(now_ms, MANY)[ACTIVITIES:])
    found = _told(worked_off(stage, own, _MANY_EVENTS, {"parallelism": "1"}), _MANY_EVENTS)
    say(f"{MANY:,} activities: {found}")
    return found


def _bytes(stage: Arena, topic: str) -> int:
    """Return what a topic takes on the disk of the stack's own broker, 0 where it has none."""
    return sum(file.stat().st_size for file in (stage.stack.root / "kafka").glob(f"{topic}-[0-9]*/*.log"))
