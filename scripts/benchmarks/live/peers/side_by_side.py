"""The same work by the live job, the idiomatic job and others, in turns on the same records, Kafka and Redis.

Everything shares the machine's cores: broker, Redis, Flink, and of each that is no Flink job one process a core.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from tideline.scripts.benchmarks.live.arena import Arena, arena
from tideline.scripts.benchmarks.live.idiomatic_run import idiomatic_rate
from tideline.scripts.benchmarks.live.peers.kill_run import after_kill
from tideline.scripts.benchmarks.live.peers.peer_processes import BY_CORE, IDIOMATIC, LIVE, PEERS, PeerProcesses
from tideline.scripts.benchmarks.live.rates import Sample, steady_rate
from tideline.scripts.benchmarks.live.throughput import USERS, prepare, worked_off
from tideline.scripts.benchmarks.peers.peer_python import check_peers
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.schemas.topics import Topics

WAYS = (LIVE, IDIOMATIC, *PEERS)
TIMES = {"quix": 4, "bytewax": 8}
"""How many times as many records as the slowest these get, so that each works for about as long: that of a second or
two is no rate."""
_WITHIN_S = 240.0
_SAMPLE_S = 0.5


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    events_per_s: dict[str, int]
    tideline_over: dict[str, float]
    by_round: dict[str, list[int]]
    after_kill: dict[str, dict[str, int]]
    cores: int
    users: int
    events: int
    slow_events: int


class Plan(NamedTuple):
    """How many records each works off, or the slow ones, once in each round; what of the two is done."""

    events: int
    slow_events: int
    rounds: int
    rates: bool = True
    kills: bool = True


def events_of(way: str, plan: Plan) -> int:
    """Return how many records one of WAYS gets.

    >>> [events_of(way, Plan(300_000, 8_000, 2)) for way in ("plain", "idiomatic", "bytewax")]
    [300000, 8000, 64000]
    """
    return plan.events if way in BY_CORE else min(plan.slow_events * TIMES.get(way, 1), plan.events)


def measure(plan: Plan, only: Sequence[str] | None = None) -> Figures:
    """Measure all of WAYS or `only` some; the live job is always among them."""
    check_peers("confluent_kafka", "quixstreams", "bytewax", "pathway")
    ways = [way for way in WAYS if way == LIVE or only is None or way in only]
    cores = os.cpu_count() or 1
    with arena("peers", cores) as stage:
        rates = _rates(stage, ways, plan) if plan.rates else {}
        kills = {way: after_kill(stage, way)._asdict() for way in ways} if plan.kills else {}
    middle = {way: median(found) for way, found in rates.items()}
    return {
        "events_per_s": {way: round(rate) for way, rate in middle.items()},
        "tideline_over": {way: round(middle[LIVE] / rate, 2) for way, rate in middle.items() if way != LIVE},
        "by_round": rates,
        "after_kill": kills,
        "cores": cores,
        "users": USERS,
        "events": plan.events,
        "slow_events": plan.slow_events,
    }


def _rates(stage: Arena, ways: Sequence[str], plan: Plan) -> dict[str, list[int]]:
    """Return the events a second of each, once in each round."""
    topics = prepare(stage, "uniform", 0.0, plan.events)
    rates: dict[str, list[int]] = {way: [] for way in ways}
    for number in range(plan.rounds):
        for way in ways:
            rates[way].append(round(_rate(stage, topics, way, events_of(way, plan), number)))
            say(f"{way}: {rates[way][-1]:,} events/s")
    return rates


def _rate(stage: Arena, topics: Topics, way: str, events: int, number: int) -> float:
    name, cores, now_ms = f"{way}-{number}", os.cpu_count() or 1, int(time.time() * 1000)
    if way == LIVE:
        own = replace(stage.topics(f"{topics.clickstream}-{name}", now_ms), clickstream=topics.clickstream)
        return steady_rate(worked_off(stage, own, events, {"parallelism": str(cores)}).samples, events)
    if way == IDIOMATIC:
        return idiomatic_rate(stage, topics, name, events, cores)
    stage.redis.flushall()
    with PeerProcesses(stage.stack, way, topics, name) as peer:
        return steady_rate(watched(peer, events), events)


def watched(peer: PeerProcesses, events: int) -> list[Sample]:
    """Return how far the processes of a peer were, every half second until they had worked off so many events.

    Raises:
        StackError: they have not after minutes, or one of them has ended.
    """
    samples: list[Sample] = []
    deadline_s = time.monotonic() + _WITHIN_S
    while not samples or samples[-1].events < events:
        if time.monotonic() > deadline_s:
            raise StackError(f"{samples[-1].events:g} events of {events} after {_WITHIN_S:.0f} s")
        time.sleep(_SAMPLE_S)
        samples.append(Sample(time.monotonic(), peer.counted()))
    return samples
