"""Events a second with a Redis Cluster, beside the same job with one server, on the same records in turn."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, TypedDict

from tideline.scripts.benchmarks.live.arena import Arena, arena
from tideline.scripts.benchmarks.live.rates import steady_rate
from tideline.scripts.benchmarks.live.throughput import prepare, worked_off
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.commands.redis_target import client_of
from tideline.scripts.localstack import redis_cluster
from tideline.scripts.localstack.launch import READY_WITHIN_S
from tideline.scripts.localstack.process import stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.schemas.topics import Topics

NODES = 3


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    cluster_events_per_s: int
    server_events_per_s: int
    ratio: float
    by_round: dict[str, list[int]]
    nodes: int
    events: int


def measure(events: int, rounds: int) -> Figures:
    """Work off `events` of uniform users, in each round once with one server and once with a cluster."""
    with arena("cluster", 1) as stage, _cluster(stage) as url:
        topics = prepare(stage, "uniform", 0.0, events)
        ways = {"server": stage.stack.redis_url, "cluster": url}
        rates: dict[str, list[int]] = {way: [] for way in ways}
        for number in range(rounds):
            for way, its_url in ways.items():
                rates[way].append(round(_rate(stage, topics, events, f"{way}-{number}", its_url)))
                say(f"{way}: {rates[way][-1]:,} events/s")
    cluster, server = median(rates["cluster"]), median(rates["server"])
    return {
        "cluster_events_per_s": round(cluster),
        "server_events_per_s": round(server),
        "ratio": round(cluster / server, 3),
        "by_round": rates,
        "nodes": NODES,
        "events": events,
    }


@contextmanager
def _cluster(stage: Arena) -> Iterator[str]:
    nodes: list[redis_cluster.Node] = []
    try:
        nodes.extend(redis_cluster.start(stage.stack.root, NODES))
        redis_cluster.join(nodes, NODES, time.monotonic() + READY_WITHIN_S)
        yield redis_cluster.url(nodes[0].port)
    finally:
        stop(node.process for node in nodes)


def _rate(stage: Arena, topics: Topics, events: int, name: str, redis_url: str) -> float:
    with closing(client_of(redis_url)) as client:
        client.flushall()
    own = stage.topics(f"{topics.clickstream}-{name}", int(time.time() * 1000))
    run = worked_off(stage, replace(own, clickstream=topics.clickstream), events, {"redis_url": redis_url})
    return steady_rate(run.samples, events)
