"""kill -9 of every process of a peer, or of every TaskManager, while events come, and what the lists say in the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from tideline.scripts.benchmarks.live.arena import PREFIX, Arena, encode, job_options
from tideline.scripts.benchmarks.live.kafka_batches import BatchProducer, by_partition
from tideline.scripts.benchmarks.live.peers.event_body import EventBody, known_activities
from tideline.scripts.benchmarks.live.peers.final_lists import Audit, Final, audit, by_body, by_core, stored
from tideline.scripts.benchmarks.live.peers.flink_job import FlinkJob
from tideline.scripts.benchmarks.live.peers.loop_body import ranker_of
from tideline.scripts.benchmarks.live.peers.peer_processes import BY_CORE, PEERS, PeerProcesses
from tideline.scripts.benchmarks.live.traffic import Traffic, make_chunk
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.commands.submit import configuration
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tideline.schemas.events import Event
    from tideline.schemas.topics import Topics

EVENTS, USERS = 6_000, 500
_EACH, _PAUSE_S = 100, 0.5
_FIRST_WITHIN_S, _IDLE_S, _SETTLED_WITHIN_S = 120.0, 25.0, 240.0
_SPAN_MS = 6 * 3_600_000


class Killable(Protocol):
    """What runs and can be killed."""

    def save(self) -> None:
        """Have what is known so far kept."""

    def kill_and_start(self) -> None:
        """End all of it as kill -9 does; it goes on with what was kept."""

    def wait_back(self) -> None:
        """Return once it works again."""


def after_kill(stage: Arena, way: str) -> Audit:
    """Return what lists say where every process was killed after half of the events."""
    now_ms = int(time.time() * 1000)
    traffic = Traffic(USERS, 0.0, now_ms - _SPAN_MS, _SPAN_MS / EVENTS, stage.keys)
    topics, events = stage.topics(f"killed-{way}", traffic.first_ms), make_chunk(traffic, 0)[:EVENTS]
    expected = _undisturbed(stage, way, topics, events)
    stage.redis.flushall()
    stage.redis.config_resetstat()
    with _started(stage, way, topics) as running:
        _feed(stage, topics, events, running)
        running.wait_back()
        found = settled(stage, expected)
    say(f"{way}, killed: {found}")
    return found


def _started(stage: Arena, way: str, topics: Topics) -> AbstractContextManager[Killable]:
    if way in PEERS:
        return PeerProcesses(stage.stack, way, topics, f"killed-{way}")
    return FlinkJob(stage, way, topics)


def _undisturbed(stage: Arena, way: str, topics: Topics, events: list[Event]) -> dict[str, Final]:
    config = configuration(stage.stack, "live", job_options(topics, {}))
    if way in BY_CORE:
        return by_core(ranker_of(config), events)
    return by_body(EventBody(config, known_activities(config)), events, stage.keys)


def _feed(stage: Arena, topics: Topics, events: list[Event], running: Killable) -> None:
    """Write events at a steady rate once the first ones have led to lists; halfway all is killed.

    What is saved is of the first quarter: some of what was worked off then comes again.
    """
    records = encode(events)
    with BatchProducer(stage.stack.kafka_bootstrap, topics.clickstream) as producer:
        for begin in range(0, len(records), _EACH):
            if begin == len(records) // 4:
                running.save()
            if begin == len(records) // 2:
                running.kill_and_start()
            producer.send(by_partition(records[begin : begin + _EACH]))
            if begin == 0:
                _wait_for_lists(stage)
            time.sleep(_PAUSE_S)


def _wait_for_lists(stage: Arena) -> None:
    deadline_s = time.monotonic() + _FIRST_WITHIN_S
    while not stage.evals():
        if time.monotonic() > deadline_s:
            raise StackError(f"no list after {_FIRST_WITHIN_S:.0f} s")
        time.sleep(_PAUSE_S)


def settled(stage: Arena, expected: dict[str, Final]) -> Audit:
    """Return how lists stand once they are as they should be, or nothing has been written for _IDLE_S."""
    began_s = moved_s = time.monotonic()
    written = -1
    while True:
        found = audit(expected, stored(stage.redis, PREFIX, list(expected), stage.keys))
        now_s, before, written = time.monotonic(), written, stage.evals()
        moved_s = now_s if written != before else moved_s
        if found.equal == found.users or now_s - moved_s > _IDLE_S or now_s - began_s > _SETTLED_WITHIN_S:
            return found
        time.sleep(_PAUSE_S)
