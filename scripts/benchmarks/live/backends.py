"""The live job with its users in the heap and in RocksDB, on the same records in turns: rate, checkpoints, restores.

Flink clusters share Kafka and Redis, one of them works at a time; with several numbers of users each has a cluster, and
records of so many users. Where users have full histories before the first record, lists are waited for as well, beside
checkpoints and while one is made.
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

_HASHMAP, _ROCKSDB = "hashmap", "rocksdb"
WAYS: dict[str, Path | None] = {_HASHMAP: None, _ROCKSDB: FLINK_CONF / "rocksdb.yaml"}
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
    of_users: dict[str, float]
    users: int
    full: bool
    events: int


class Plan(NamedTuple):
    """What is measured: so many records and rounds of each; of `users` with full histories, 0 for none before."""

    events: int
    rounds: int
    users: int = 0


class Lane(NamedTuple):
    """What is measured in turns with others: a backend by its settings, and users of its own."""

    way: str
    conf: Path | None
    users: int


def measure(plan: Plan, only: str | None = None, *, each_setting: bool = False, more: Sequence[int] = ()) -> Figures:
    """Work the records off with one TaskManager, in each round once with each backend, or one `only`.

    With `each_setting` RocksDB also comes without each of its settings, in the heap's place; with `more` numbers of
    users one backend comes with each of them, RocksDB unless `only` is another.
    """
    with ExitStack() as up:
        folder = Path(up.enter_context(TemporaryDirectory()))
        stages: dict[str, Arena] = {}
        planned = lanes(plan.users, only, folder, each_setting=each_setting, more=more)
        for name, lane in planned.items():
            first = next(iter(stages.values()), None)
            memory = _memory(lane.users) if lane.way == _HASHMAP else None
            stages[name] = up.enter_context(arena(f"backends-{_short(name)}", 1, lane.conf, first, memory))
        found = _rounds(stages, planned, plan)
    return figures(found, plan, more)


def lanes(users: int, only: str | None, folder: Path, *, each_setting: bool, more: Sequence[int]) -> dict[str, Lane]:
    """Return what is measured in turns, by name; settings files that are made lie in the folder."""
    if more:
        way = only or _ROCKSDB
        return {str(count): Lane(way, WAYS[way], count) for count in (users, *more)}
    ways = {only: WAYS[only]} if only else dict(WAYS)
    if each_setting:
        ways = {_ROCKSDB: WAYS[_ROCKSDB], **without_each(FLINK_CONF / "rocksdb.yaml", folder)}
    return {way: Lane(way, conf, users) for way, conf in ways.items()}


def figures(found: dict[str, list[dict[str, Any]]], plan: Plan, more: Sequence[int] = ()) -> Figures:
    """Return what is printed of the runs by name of their lane."""
    rates = {name: median(each["events_per_s"] for each in runs) for name, runs in found.items()}
    rocksdb, hashmap = rates.get(_ROCKSDB, 0), rates.get(_HASHMAP, 0)
    return {
        "rocksdb_events_per_s": round(rocksdb),
        "hashmap_events_per_s": round(hashmap),
        "ratio": round(rocksdb / hashmap, 3) if hashmap else 0.0,
        "without": {} if more else {way: round(rate / rocksdb, 3) for way, rate in rates.items() if way not in WAYS},
        "by_round": found,
        "of_users": {count: round(rate / rates[str(plan.users)], 3) for count, rate in rates.items()} if more else {},
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


def _rounds(stages: Mapping[str, Arena], planned: Mapping[str, Lane], plan: Plan) -> dict[str, list[dict[str, Any]]]:
    """Return what the runs have shown, by lane: in turns, and every other round in the other order."""
    first = next(iter(stages.values()))
    peopled = {
        users: (prepare(first, f"uniform-{users}", 0.0, plan.events, users or USERS), _entry(first, users))
        for users in sorted({lane.users for lane in planned.values()})
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in stages}
    for number in range(plan.rounds):
        for name in list(stages)[:: -1 if number % 2 else 1]:
            topics, entry = peopled[planned[name].users]
            ran = _ran(stages[name], topics, f"{_short(name)}-{number}", planned[name].users, entry)
            found[name].append(ran)
            say(f"{name}: {ran}")
    return found


def _memory(users: int) -> str:
    """Return the size of a TaskManager that has so many full users in its heap."""
    return f"{_HEAP_MIB + users * _HEAP_BYTES_PER_USER // _MIB}m"


def _entry(stage: Arena, users: int) -> Path | None:
    if not users:
        return None
    states = full_states(stage.keys, int(time.time() * 1000))
    say(f"users of {sum(map(len, states)) / len(states):,.0f} bytes")
    return entry_with(stage.stack.root / f"peopled-{users}", users, states)


def _ran(stage: Arena, topics: Topics, name: str, users: int, entry: Path | None) -> dict[str, Any]:
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
    if users:
        found["filled_s"] = round((began["now"] - began["timestamps"]["CREATED"]) / 1000, 1)
        found |= _fresh(stage, job_id, topics.clickstream, rate // 2, users)
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
