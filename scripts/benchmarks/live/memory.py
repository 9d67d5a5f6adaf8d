"""Bytes a user: of his list in Redis, and of his state in Flink once his history is full."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypedDict

from tideline.models.encoder import Encoder
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.benchmarks.live.arena import PREFIX, Arena, arena
from tideline.scripts.benchmarks.live.throughput import run_live
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS, LIST_SIZE, Traffic, activities, user_name
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.commands.package import ROOT
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.offers.offers import RankSettings
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.users.user_state import MAX_BYTES
from tideline.udfs.io.list_store import ListStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.udfs.core.lists.token_keys import TokenKeys

LISTS = 100_000
_EVENTS_PER_USER = 50
_AT_ONCE = 500
_DAY_MS = 86_400_000
_GIB = 2**30
_ENCODER = ROOT / "models" / "artefacts" / "demo-1"


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    redis_gib_per_million_users: float
    state_bytes_per_user: int
    list_payload_bytes: int
    state_bytes_full_history: int
    redis_users: int
    state_users: int


def measure(users: int) -> Figures:
    """Run the benchmark; state is measured on that many users, Redis on LISTS."""
    with arena("memory", 1) as stage:
        list_bytes, payload_bytes = _redis(stage)
        say(f"Redis: {list_bytes:.0f} bytes a list, {payload_bytes:.0f} of them the list itself")
        state = _state(stage, users)
        say(f"Flink: {state} bytes a user")
    hidden = Encoder.load(_ENCODER, "cpu").hidden
    return {
        "redis_gib_per_million_users": round(list_bytes * 1e6 / _GIB, 3),
        "state_bytes_per_user": state,
        "list_payload_bytes": round(payload_bytes),
        "state_bytes_full_history": MAX_BYTES + 4 * hidden,
        "redis_users": LISTS,
        "state_users": users,
    }


def _redis(stage: Arena) -> tuple[float, float]:
    """Return what Redis needs for a list with its key, and the length of the list, in bytes."""
    now_ms = int(time.time() * 1000)
    ranker = make_ranker(stage.keys, now_ms)
    store = ListStore(stage.stack.redis_url, PREFIX, 30 * _DAY_MS)
    stage.redis.flushall()
    before = stage.redis.info("memory")["used_memory"]
    length = 0
    for names, lists in _lists(ranker, now_ms):
        length += sum(map(len, lists))
        store.write(names, lists)
    store.close()
    after = stage.redis.info("memory")["used_memory"]
    return (after - before) / LISTS, length / LISTS


def _lists(ranker: RankerState, now_ms: int) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Yield user ids and their lists, made by the job's own engine from one view each."""
    for start in range(0, LISTS, _AT_ONCE):
        events = [
            Event(f"{number:x}", user_name(number), EventType.VIEW, now_ms, f"item-{number % 997}", "category-001", 9.9)
            for number in range(start, start + _AT_ONCE)
        ]
        keys = [event.user_id.encode() for event in events]
        records = Records(keys, [encode_event(event) for event in events], [now_ms] * _AT_ONCE)
        outcome = process(records, lambda users: [None] * len(users), ranker)
        yield [user.encode() for user in outcome.listed], outcome.lists


def make_ranker(keys: TokenKeys, now_ms: int) -> RankerState:
    """Return a ranker with the activities of the traffic."""
    settings = RankSettings(
        policy=make_policy("pairs"),
        keys=keys,
        salt=1,
        list_size=LIST_SIZE,
        exploration_permille=20,
        attribution_ms=7 * _DAY_MS,
        weights=(1.0, 5.0, 0.0, 0.0),
    )
    known = {each.activity_id: each for each in activities(now_ms)}
    return RankerState.start(settings, Encoder.load(_ENCODER, "cpu"), known)


def _state(stage: Arena, users: int) -> int:
    """Return the size of a checkpoint a user, after about 50 events each."""
    events = events_for(users)
    span_ms = 6 * 3_600_000
    traffic = Traffic(users, 0.0, int(time.time() * 1000) - span_ms, span_ms / events, stage.keys)
    topics = stage.topics("memory", traffic.first_ms)
    stage.fill(topics.clickstream, traffic, events)
    say("the job works them off; then a checkpoint")
    run = run_live(stage, topics, events, 1, checkpoint=True)
    return run.checkpoint_bytes // users


def events_for(users: int) -> int:
    """Return how many events fill the history of so many users: whole chunks.

    >>> events_for(10_000), events_for(1)
    (500000, 20000)
    """
    return -(-users * _EVENTS_PER_USER // CHUNK_EVENTS) * CHUNK_EVENTS
