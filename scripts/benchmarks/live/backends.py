"""The live job with its users in the heap and in RocksDB, on the same records in turns: rate, checkpoints, restores.

Two Flink clusters share Kafka and Redis, one of them works at a time. Where users have full histories before the first
record, lists are waited for as well, beside checkpoints and while one is made.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from tideline.scripts.benchmarks.live.arena import Arena, arena
from tideline.scripts.benchmarks.live.freshness import load_seen
from tideline.scripts.benchmarks.live.full_states import entry_with, full_states
from tideline.scripts.benchmarks.live.rates import percentiles, steady_rate
from tideline.scripts.benchmarks.live.throughput import USERS, prepare, refuse_refused
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack.paths import FLINK_CONF
from tideline.udfs.io.topic_reader import topic_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tideline.schemas.topics import Topics

_ROCKSDB = "rocksdb"
WAYS: dict[str, Path | None] = {"hashmap": None, _ROCKSDB: FLINK_CONF / "rocksdb.yaml"}
_MIB = 1 << 20
_HEAP_MIB, _HEAP_BYTES_PER_USER = 2_560, 5_000
_FRESH_S = 40


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    rocksdb_events_per_s: int
    hashmap_events_per_s: int
    ratio: float
    without: dict[str, float]
    by_round: dict[str, list[dict[str, Any]]]
    users: int
    full: bool
    events: int


class Plan(NamedTuple):
    """What is measured: so many records and rounds of both; of `users` with full histories, 0 for none before."""

    events: int
    rounds: int
    users: int = 0


def measure(plan: Plan, only: str | None = None, *, each_setting: bool = False) -> Figures:
    """Work the records off with one TaskManager, in each round once with each backend, or one `only`.

    With `each_setting` RocksDB also comes without each of its settings, in the heap's place.
    """
    with ExitStack() as up:
        ways = {only: WAYS[only]} if only else dict(WAYS)
        if each_setting:
            folder = Path(up.enter_context(TemporaryDirectory()))
            ways = {_ROCKSDB: WAYS[_ROCKSDB], **without_each(FLINK_CONF / "rocksdb.yaml", folder)}
        stages: dict[str, Arena] = {}
        for way, conf in ways.items():
            first = next(iter(stages.values()), None)
            memory = _memory(plan.users) if way == "hashmap" else None
            stages[way] = up.enter_context(arena(f"backends-{_short(way)}", 1, conf, first, memory))
        found = _rounds(stages, plan)
    rates = {way: median(each["events_per_s"] for each in runs) for way, runs in found.items()}
    rocksdb, hashmap = rates.get(_ROCKSDB, 0), rates.get("hashmap", 0)
    return {
        "rocksdb_events_per_s": round(rocksdb),
        "hashmap_events_per_s": round(hashmap),
        "ratio": round(rocksdb / hashmap, 3) if hashmap else 0.0,
        "without": {way: round(rate / rocksdb, 3) for way, rate in rates.items() if way not in WAYS},
        "by_round": found,
        "users": plan.users or USERS,
        "full": bool(plan.users),
        "events": plan.events,
    }


def without_each(settings: Path, folder: Path) -> dict[str, Path | None]:
    """Write the settings into the folder without one of them at a time, but for the backend; return each by its key."""
    lines = settings.read_text().splitlines()
    found: dict[str, Path | None] = {}
    for line in lines:
        key = line.partition(":")[0]
        if not line.startswith("#") and ":" in line and key != "state.backend.type":
            found[key] = folder / f"{_short(key)}.yaml"
            (folder / f"{_short(key)}.yaml").write_text("\n".join(each for each in lines if each != line) + "\n")
    return found


def _short(way: str) -> str:
    return way.rsplit(".", 1)[-1]


def _rounds(stages: Mapping[str, Arena], plan: Plan) -> dict[str, list[dict[str, Any]]]:
    """Return what the runs have shown, in turns, by way."""
    first = next(iter(stages.values()))
    topics = prepare(first, "uniform", 0.0, plan.events, plan.users or USERS)
    entry = _entry(first, plan.users)
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in stages}
    for number in range(plan.rounds):
        for way, stage in stages.items():
            found[way].append(_ran(stage, topics, f"{_short(way)}-{number}", plan, entry))
            say(f"{way}: {found[way][-1]}")
    return found


def _memory(users: int) -> str:
    """Return the size of a TaskManager that has so many full users in its heap."""
    return f"{_HEAP_MIB + users * _HEAP_BYTES_PER_USER // _MIB}m"


def _entry(stage: Arena, users: int) -> Path | None:
    if not users:
        return None
    states = full_states(stage.keys, int(time.time() * 1000))
    say(f"users of {sum(map(len, states)) / len(states):,.0f} bytes")
    return entry_with(stage.stack.root / "peopled", users, states)


def _ran(stage: Arena, topics: Topics, name: str, plan: Plan, entry: Path | None) -> dict[str, Any]:
    """Return what one run has shown."""
    rest = stage.stack.rest
    own = replace(stage.topics(f"{topics.clickstream}-{name}", int(time.time() * 1000)), clickstream=topics.clickstream)
    options = {"start": "earliest", "group_id": own.decisions}
    events = sum(topic_ends(stage.stack.kafka, topics.clickstream).values())
    job_id = stage.start(own, options, entry)
    rest.wait_running(job_id)
    began = rest.get(f"/jobs/{job_id}")
    run = stage.watch(job_id, events)
    refuse_refused(run)
    rate = round(steady_rate(run.samples, events))
    found: dict[str, Any] = {"events_per_s": rate, "us_by_thread": run.us_by_thread}
    if plan.users:
        found["filled_s"] = round((began["now"] - began["timestamps"]["CREATED"]) / 1000, 1)
        found |= _fresh(stage, job_id, topics.clickstream, rate // 2, plan.users)
    last = rest.checkpoint(job_id)
    made = [each for each in rest.get(f"/jobs/{job_id}/checkpoints")["history"][::-1] if each["status"] == "COMPLETED"]
    rest.cancel(job_id)
    return found | {
        "checkpoint_ms": [each["end_to_end_duration"] for each in made],
        "checkpoint_mib_written": [round(each["checkpointed_size"] / _MIB, 1) for each in made],
        "checkpoint_mib": round(last["state_size"] / _MIB, 1),
        "restore_s": _restored_s(stage, own, options, last["external_path"]),
    }


def _fresh(stage: Arena, job_id: str, clickstream: str, rate: int, users: int) -> dict[str, Any]:
    """Return percentiles of the milliseconds to a list, beside checkpoints and of what came while one was made."""
    seen = load_seen(stage, clickstream, rate, _FRESH_S, int(time.time()), users)
    made = stage.stack.rest.get(f"/jobs/{job_id}/checkpoints")["history"]
    spans = [(each["trigger_timestamp"], each["trigger_timestamp"] + each["end_to_end_duration"]) for each in made]
    beside, during = parted(seen.latencies_ms, spans)
    return {
        "fresh": percentiles(beside),
        "fresh_in_checkpoint": percentiles(during) if during else {},
        "canaries_in_checkpoint": len(during),
    }


def parted(
    seen: Iterable[tuple[float, float]], spans: Sequence[tuple[float, float]]
) -> tuple[list[float], list[float]]:
    """Return what was seen at moments outside and inside of the spans, their ends included.

    >>> parted([(1.0, 50.0), (2.0, 60.0), (3.0, 70.0)], [(1.5, 2.0)])
    ([50.0, 70.0], [60.0])
    """
    outside: list[float] = []
    inside: list[float] = []
    for at, value in seen:
        (inside if any(begin <= at <= end for begin, end in spans) else outside).append(value)
    return outside, inside


def _restored_s(stage: Arena, own: Topics, options: Mapping[str, str], checkpoint: str) -> float:
    """Return the seconds from a job's being accepted until all of it runs, from a checkpoint."""
    job_id = stage.start(own, options, state=checkpoint)
    stage.stack.rest.wait_running(job_id)
    job = stage.stack.rest.get(f"/jobs/{job_id}")
    stage.stack.rest.cancel(job_id)
    seconds: float = round((job["now"] - job["timestamps"]["CREATED"]) / 1000, 1)
    return seconds
