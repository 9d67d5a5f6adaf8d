"""Milliseconds from an event's production to its list being readable in Redis, at 25, 50 and 100 % of the capacity.

Open loop: every 10 ms or so the events of that time are due, whatever became of those before. About 25 events a second
are canaries: their users' lists are read every few milliseconds until one holds the event. The latency counts from the
moment the event was due, so that a producer which the system keeps waiting hides nothing.

Then half of the load once more, with a job that notes what it does (`second`): where the time goes, and a picture of
the second whose lists were latest.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import numpy as np
import orjson

from tideline.schemas.events import FIRST_ACTIVITY_TYPE
from tideline.scripts.benchmarks.live.arena import PREFIX, Arena, arena, encode
from tideline.scripts.benchmarks.live.kafka_batches import BatchProducer, by_partition
from tideline.scripts.benchmarks.live.rates import percentiles
from tideline.scripts.benchmarks.live.second.one_second import Second, one_second, settings_with_pauses
from tideline.scripts.benchmarks.live.throughput import USERS, capacity_of
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS, Traffic, make_chunk
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from threading import Event

LOADS = {"quarter": 0.25, "half": 0.5, "full": 1.0}
TASKMANAGERS = 2
WARM_UP_S = 15.0
_OPENING_S = 15
_TICKS_PER_S = 100
_TICKS_PER_CANARY = 4
_POLL_S = 0.002
_SEEN_WITHIN_S = 60.0
_LOOKED_AT = 200
"""Canaries at once, the oldest: while nothing comes, looking for all of them would take a core from the job."""
_HEAD_START_S = 1.0
_OPTIONS = {"parallelism": str(TASKMANAGERS)}


class Canary(NamedTuple):
    """An event whose list is waited for."""

    due_s: float
    """After the start of the load."""
    key: str
    """Of the list in Redis."""
    ts_ms: int


class Tick(NamedTuple):
    """What is sent at one moment."""

    due_s: float
    batches: dict[int, bytes]
    canary: Canary | None


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    quarter: dict[str, Any]
    half: dict[str, Any]
    full: dict[str, Any]
    parts_ms: dict[str, dict[str, float]]
    second: list[str]
    capacity: int
    seconds: int
    users: int


def measure(capacity: int | None, seconds: int) -> Figures:
    """Run the benchmark; `capacity` in events/s, measured first where it is None."""
    with TemporaryDirectory(prefix="tideline-") as made:
        folder = Path(made)
        with arena("freshness", TASKMANAGERS, settings_with_pauses(folder)) as stage:
            full = capacity or capacity_of(stage, TASKMANAGERS)
            found = _by_load(stage, full, seconds)
            second = _second(stage, folder, round(full * LOADS["half"]), seconds)
    for line in second.lines:
        say(line)
    say(f"ms by part: {second.parts_ms}")
    return {
        "quarter": found["quarter"],
        "half": found["half"],
        "full": found["full"],
        "parts_ms": second.parts_ms,
        "second": second.lines,
        "capacity": full,
        "seconds": seconds,
        "users": USERS,
    }


def _by_load(stage: Arena, full: int, seconds: int) -> dict[str, dict[str, Any]]:
    topics = stage.topics("freshness", int(time.time() * 1000))
    job_id = stage.start(topics, _OPTIONS)
    stage.stack.rest.wait_running(job_id)
    say("an opening that does not count: the JVM compiles what is hot")
    one_load(stage, topics.clickstream, round(full / 2), _OPENING_S, seed=5)
    found: dict[str, dict[str, Any]] = {}
    for number, (name, share) in enumerate(LOADS.items()):
        found[name] = one_load(stage, topics.clickstream, round(full * share), seconds, seed=number + 2)
        say(f"{name}: {found[name]}")
    stage.stack.rest.cancel(job_id)
    return found


def _second(stage: Arena, folder: Path, rate: int, seconds: int) -> Second:
    def send(topic: str) -> list[tuple[float, float]]:
        one_load(stage, topic, rate, _OPENING_S, seed=6)
        return load_seen(stage, topic, rate, seconds, seed=7).latencies_ms

    return one_second(stage, folder, _OPTIONS, send)


class Seen(NamedTuple):
    """What one load has shown: milliseconds by the canary's moment (epoch ms), and seconds of the watcher and producer.

    Canaries of the warm-up are left out.
    """

    latencies_ms: list[tuple[float, float]]
    polls_s: list[float]
    lag_s: list[float]


def one_load(
    stage: Arena, topic: str, rate: int, seconds: int, seed: int, users: int = USERS, begun: Event | None = None
) -> dict[str, Any]:
    """Return percentiles of the milliseconds at one load after a warm-up, and what says whether to believe them.

    `begun` is set when the load begins.
    """
    seen = load_seen(stage, topic, rate, seconds, seed, users, begun)
    return percentiles([each_ms for _, each_ms in seen.latencies_ms]) | {
        "events_per_s": rate,
        "canaries": len(seen.latencies_ms),
        "poll_ms_p99": round(float(np.percentile(seen.polls_s, 99)) * 1000, 1),
        "producer_lag_ms_p99": round(float(np.percentile(seen.lag_s, 99)) * 1000, 1),
    }


def load_seen(
    stage: Arena, topic: str, rate: int, seconds: int, seed: int, users: int = USERS, begun: Event | None = None
) -> Seen:
    """Send one load and watch for its lists; as `one_load`, each canary by itself."""
    traffic = Traffic(users, 0.0, int(time.time() * 1000), 1000 / rate, stage.keys, seed)
    say(f"making {WARM_UP_S + seconds:.0f} s of traffic at {rate:,} events/s")
    ticks = make_ticks(traffic, rate, WARM_UP_S + seconds)
    forking = multiprocessing.get_context("fork")  # the child has the ticks without their being copied
    receiving, sending = forking.Pipe(duplex=False)
    start_s, epoch_ms = time.monotonic() + _HEAD_START_S, (time.time() + _HEAD_START_S) * 1000
    sender = forking.Process(target=_send, args=(stage.stack.kafka_bootstrap, topic, ticks, start_s, sending))
    sender.start()
    say("sending")
    if begun is not None:
        begun.set()
    try:
        seen_s, polls_s = _watch(stage, [tick.canary for tick in ticks if tick.canary], start_s)
        lag_s: list[float] = receiving.recv()
    finally:
        sender.terminate()
        sender.join()
    latencies_ms = [
        (epoch_ms + canary.due_s * 1000, (at_s - canary.due_s) * 1000)
        for canary, at_s in seen_s.items()
        if canary.due_s >= WARM_UP_S
    ]
    return Seen(latencies_ms, polls_s, lag_s)


def make_ticks(traffic: Traffic, rate: int, seconds: float) -> list[Tick]:
    """Return what to send in that time; a tick holds the events of about 10 ms."""
    chunks = range(int(rate * seconds) // CHUNK_EVENTS + 1)
    with ProcessPoolExecutor() as pool:
        found = [tick for ticks in pool.map(partial(_ticks_of_chunk, traffic, rate), chunks) for tick in ticks]
    return [tick for tick in found if tick.due_s < seconds]


def _ticks_of_chunk(traffic: Traffic, rate: int, chunk: int) -> list[Tick]:
    size = max(rate // _TICKS_PER_S, 1)
    events = iter(make_chunk(traffic, chunk))
    found = []
    for first in range(0, CHUNK_EVENTS, size):
        part = list(islice(events, size))
        # The last event of a tick exists when it is due, the others a little earlier.
        due_s = (chunk * CHUNK_EVENTS + first + len(part)) / rate
        organic = [event for event in part if event.type < FIRST_ACTIVITY_TYPE]
        canary = None
        if organic and first // size % _TICKS_PER_CANARY == 0:
            canary = Canary(due_s, f"{PREFIX}:list:{organic[-1].user_id}", organic[-1].ts_ms)
        found.append(Tick(due_s, by_partition(encode(part)), canary))
    return found


def _send(bootstrap: str, topic: str, ticks: list[Tick], start_s: float, lags: Connection) -> None:
    """Send every tick when it is due, or at once when that is past; then say how late each was."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whoever asks for no lags ends this while it waits to tell them
    late_s = []
    with BatchProducer(bootstrap, topic) as producer:
        for tick in ticks:
            wait_s = start_s + tick.due_s - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            late_s.append(max(-wait_s, 0.0))
            producer.send(tick.batches)
    lags.send(late_s)


def _watch(stage: Arena, canaries: list[Canary], start_s: float) -> tuple[dict[Canary, float], list[float]]:
    """Return when each canary's list was first seen, seconds after the start, and the times between two looks."""
    seen: dict[Canary, float] = {}
    between_s: list[float] = []
    waiting: list[Canary] = []
    coming = iter(canaries)
    upcoming = next(coming, None)
    looked_s = time.monotonic()
    while waiting or upcoming:
        time.sleep(_POLL_S)
        now_s = time.monotonic()
        while upcoming and start_s + upcoming.due_s <= now_s:
            waiting.append(upcoming)
            upcoming = next(coming, None)
        if waiting:
            oldest = waiting[:_LOOKED_AT]
            lists = stage.redis.mget([canary.key for canary in oldest])
            found_s = time.monotonic() - start_s
            fresh = {each for each, payload in zip(oldest, lists, strict=True) if _holds(payload, each)}
            seen |= dict.fromkeys(fresh, found_s)
            waiting = [each for each in waiting if each not in fresh]
            between_s.append(now_s - looked_s)
            if waiting and found_s - waiting[0].due_s > _SEEN_WITHIN_S:
                raise StackError(f"no list for {waiting[0].key} within {_SEEN_WITHIN_S:.0f} s")
        looked_s = now_s
    return seen, between_s


def _holds(payload: bytes | None, canary: Canary) -> bool:
    return payload is not None and orjson.loads(payload)["v"][1] >= canary.ts_ms
