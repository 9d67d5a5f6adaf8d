"""How soon an activity that opens, stops or comes back is known on every page.

100,000 users have lists and stay away; 50,000 others do the events. Then a sale opens: lists of 2,000 who stay away are
read every half second until nearly all were made with it, and beside that the freshness of live events is measured as
without it. At the end an activity is paused and resumed again and again, and a reader polls the stop list.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any, TypedDict

import orjson

from tideline.scripts.benchmarks.live.arena import PREFIX, Arena, arena
from tideline.scripts.benchmarks.live.freshness import TASKMANAGERS, WARM_UP_S, one_load
from tideline.scripts.benchmarks.live.rates import percentiles
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS, Traffic, activities, user_name
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack import StackError
from tideline.udfs.core.catalogue.activity import Activity, encode_activity

if TYPE_CHECKING:
    from tideline.schemas.topics import Topics

_PASSING = 50_000
_PAST_MS = 6 * 3_600_000
_SECONDS = 75
_POLL_S = 0.002
_LOOK_S = 0.5
_WITHIN_S = 180.0
_STEPS = (0.5, 0.9, 0.99)
_AT_ONCE = 5_000
_ASKED = 2_000
"""All of them, twice a second, would be most of what Redis has to do."""


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    stop_ms: dict[str, float]
    back_ms: dict[str, float]
    users: int
    told_s: dict[str, float]
    freshness_before_ms: dict[str, Any]
    freshness_meanwhile_ms: dict[str, Any]
    p99_ratio: float


def measure(users: int, rate: int, stops: int) -> Figures:
    """Measure with so many users who stay away, events a second of others, and pauses of an activity."""
    with arena("openings", TASKMANAGERS) as stage:
        now_ms = int(time.time() * 1000)
        topics = stage.topics("openings", now_ms)
        away = _past(stage, topics, users, now_ms)
        say(f"freshness at {rate:,} events/s, nothing opens")
        before = one_load(stage, topics.clickstream, rate, _SECONDS, seed=2, users=_PASSING)
        begun = Event()
        with ThreadPoolExecutor(1) as beside:
            told = beside.submit(_sale, stage, topics, activities(now_ms)[1], away, begun)
            meanwhile = one_load(stage, topics.clickstream, rate, _SECONDS, 3, _PASSING, begun)
            told_s = told.result()
        stopped, back = _stops(stage, topics, activities(now_ms)[0], stops)
    return {
        "stop_ms": percentiles(stopped),
        "back_ms": percentiles(back),
        "users": len(away),
        "told_s": told_s,
        "freshness_before_ms": before,
        "freshness_meanwhile_ms": meanwhile,
        "p99_ratio": round(meanwhile["p99_ms"] / before["p99_ms"], 2),
    }


def _past(stage: Arena, topics: Topics, users: int, now_ms: int) -> list[str]:
    """Let the users be seen in the hours before now; return the keys of the lists of those who stay away."""
    chunks = -(-5 * users // CHUNK_EVENTS)
    gap_ms = _PAST_MS / (chunks * CHUNK_EVENTS)
    traffic = Traffic(users + _PASSING, 0.0, now_ms - _PAST_MS, gap_ms, stage.keys)
    stage.fill(topics.clickstream, traffic, chunks * CHUNK_EVENTS)
    job_id = stage.start(topics, {"parallelism": str(TASKMANAGERS)})
    stage.watch(job_id, chunks * CHUNK_EVENTS)
    keys = [f"{PREFIX}:list:{user_name(rank)}" for rank in range(_PASSING, _PASSING + users)]
    found = [key for key, payload in _read(stage, keys).items() if payload is not None]
    say(f"{len(found):,} of {users:,} users who stay away have a list")
    return found


def _stops(stage: Arena, topics: Topics, activity: Activity, times: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds from an activity's pause, and from its return, to what a reader who polls is told."""
    say(f"an activity is paused and resumed {times} times")
    stopped_ms, back_ms = [], []
    with stage.stack.kafka.producer("writing activities", f"Write on topic {topics.activities}") as producer:
        for _ in range(times + 1):
            stopped_ms.append(_told_after(stage, producer, topics, replace(activity, status="paused")))
            back_ms.append(_told_after(stage, producer, topics, activity))
    return stopped_ms[1:], back_ms[1:]  # the first counts for nothing: connections were opened


def _told_after(stage: Arena, producer: Any, topics: Topics, activity: Activity) -> float:
    began_s = time.monotonic()
    _put(producer, topics, activity)
    while (activity.activity_id in _stop_list(stage)) is (activity.status == "active"):
        if time.monotonic() - began_s > _WITHIN_S:
            raise StackError(f"the stop list does not know within {_WITHIN_S:.0f} s that it is {activity.status}")
        time.sleep(_POLL_S)
    return (time.monotonic() - began_s) * 1000


def _stop_list(stage: Arena) -> list[str]:
    payload = stage.redis.get(f"{PREFIX}:stops")
    return [] if payload is None else json.loads(payload)["s"]


def _sale(stage: Arena, topics: Topics, like: Activity, away: list[str], begun: Event) -> dict[str, float]:
    """Open a sale when the load is warm; return the seconds until shares of the lists were made with it."""
    begun.wait(_WITHIN_S)
    time.sleep(WARM_UP_S)
    sale = replace(like, activity_id="flash-sale", starts_ms=int(time.time() * 1000), rule=None, cap=None)
    with stage.stack.kafka.producer("writing activities", f"Write on topic {topics.activities}") as producer:
        began_s = time.monotonic()
        opened_ms = _put(producer, topics, sale)
    asked = away[:: max(len(away) // _ASKED, 1)]
    left, found = set(asked), dict[str, float]()
    while len(found) < len(_STEPS):
        time.sleep(_LOOK_S)
        left -= {key for key, payload in _read(stage, sorted(left)).items() if made_with(payload, opened_ms)}
        passed_s, share = time.monotonic() - began_s, 1 - len(left) / len(asked)
        if passed_s > _WITHIN_S:
            raise StackError(f"{share:.0%} of the lists know of the sale after {_WITHIN_S:.0f} s")
        for step in _STEPS:
            if share >= step:
                found.setdefault(f"{step:.0%}", round(passed_s, 1))
    say(f"lists made with the sale, seconds after it opened: {found}")
    return found


def made_with(payload: bytes | None, opened_ms: int) -> bool:
    """Return whether a list was made as of an opening or later; none was not."""
    return payload is not None and orjson.loads(payload)["v"][1] >= opened_ms


def _put(producer: Any, topics: Topics, activity: Activity) -> int:
    """Write an activity; return its time in Kafka, when it is there."""
    sent = producer.send(topics.activities, key=activity.activity_id.encode(), value=encode_activity(activity))
    return int(sent.get(timeout=_WITHIN_S).timestamp)


def _read(stage: Arena, keys: list[str]) -> dict[str, bytes | None]:
    """Return what Redis holds, read some thousand at a time: more would hold up the writers."""
    found: dict[str, bytes | None] = {}
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        found.update(zip(part, stage.redis.mget(part), strict=True))
    return found
