"""Pushes on a running job: whether all who are due are decided about in time, and what lists wait for it.

100,000 users have agreed to messages and were seen in the hours before. The same live events are measured
twice: by a job without pushes, and by one with them while the buckets of its window come, as many users in a minute as
300,000 in an hour would be. Then what was told is read, and the states of a savepoint.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import numpy as np

from tideline.scripts.benchmarks.live.arena import Arena, arena
from tideline.scripts.benchmarks.live.freshness import TASKMANAGERS, one_load
from tideline.scripts.benchmarks.live.saved_states import saved_states
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS, Traffic, user_name
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack import StackError
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile
from tideline.udfs.core.push.push_record import PushRecord, decode_push
from tideline.udfs.core.push.send_hours import SLOT
from tideline.udfs.core.pushing.part.former_part import parted
from tideline.udfs.io.topic_reader import opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.schemas.topics import Topics

USERS, AN_HOUR = 100_000, 300_000
_RATE, _SECONDS = 1_000, 60
_SLOT_S, _HOUR_S = 60 * SLOT, 3_600
_AHEAD_S = 120
"""At least, from the job's start to its first bucket: what was before is worked off by then."""
_LOOKED_AT = 1
"""Buckets that are waited for."""
_PAST_MS = 6 * 3_600_000


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    users: int
    told: int
    told_per_hour: int
    late_s_p99: float
    late_s_most: float
    twice: int
    without_ms: dict[str, Any]
    meanwhile_ms: dict[str, Any]
    p99_ratio: float
    bytes_a_user: float
    most_bytes_a_user: int


class _Window(NamedTuple):
    """When messages may be sent."""

    begins_s: int
    buckets: int

    def option(self) -> str:
        """Return the option of the job."""
        times = [time.strftime("%H:%M", time.gmtime(self.begins_s + at * _SLOT_S)) for at in (0, self.buckets)]
        return json.dumps({"week": 7, "zones": ["UTC"], "hours": [["all", *times]], "kinds": []})


def _window(now_s: int, users: int) -> _Window:
    """Return the window of a job that starts now, for as many users an hour as AN_HOUR.

    Its buckets are of one hour: who chooses between two is due in the few buckets of one as in the many of the other.

    >>> [_window(now_s, 100_000) for now_s in (1_000, 2_300)]
    [_Window(begins_s=1200, buckets=4), _Window(begins_s=3600, buckets=4)]
    """
    begins_s, buckets = -(-(now_s + _AHEAD_S) // _SLOT_S) * _SLOT_S, users * 60 // SLOT // AN_HOUR
    if begins_s % _HOUR_S + buckets * _SLOT_S > _HOUR_S:
        begins_s += -begins_s % _HOUR_S
    return _Window(begins_s, buckets)


def measure(users: int = USERS) -> Figures:
    """Measure with so many users who have agreed."""
    with arena("pushed", TASKMANAGERS) as stage:
        topics = _past(stage, users)
        options = {"parallelism": str(TASKMANAGERS), "salt": "bench"}
        job_id = _started(stage, topics, options, users)
        without = one_load(stage, topics.clickstream, _RATE, _SECONDS, seed=2, users=users)
        stage.stack.rest.cancel(job_id)
        window = _window(int(time.time()), users)
        own = _again(stage, topics)
        job_id = _started(stage, own, options | {"push": window.option(), "group_id": "pushed-b"}, users)
        _wait_until(window.begins_s - 10)
        meanwhile = one_load(stage, own.clickstream, _RATE, _SECONDS, seed=3, users=users)
        _wait_until(window.begins_s + _LOOKED_AT * _SLOT_S + 20)
        told = _told(stage, own, window)
        sizes = [
            len(parted(state)[0]) for state in saved_states(stage.stack.rest.savepoint(job_id, cancel=True)).values()
        ]
    return _figures(told, (without, meanwhile), [size for size in sizes if size], users)


def _past(stage: Arena, users: int) -> Topics:
    """Let the users be seen in the hours before now, and agree to messages."""
    now_ms = int(time.time() * 1000)
    topics = stage.topics("pushed", now_ms)
    events = -(-2 * users // CHUNK_EVENTS) * CHUNK_EVENTS
    stage.fill(topics.clickstream, Traffic(users, 0.0, now_ms - _PAST_MS, _PAST_MS / events, stage.keys), events)
    with stage.stack.kafka.producer("writing profiles", f"Write on topic {topics.profiles}") as producer:
        for rank in range(users):
            told = Profile(user_name(rank), now_ms, time_zone="UTC", consent=Consent(push=True))
            producer.send(topics.profiles, key=told.user_id.encode(), value=encode_profile(told))
        producer.flush()
    return topics


def _again(stage: Arena, topics: Topics) -> Topics:
    made = stage.topics("pushed-b", int(time.time() * 1000))
    return replace(made, clickstream=topics.clickstream, profiles=topics.profiles)


def _started(stage: Arena, topics: Topics, options: dict[str, str], users: int) -> str:
    job_id = stage.start(topics, {"start": "earliest", **options})
    stage.watch(job_id, -(-2 * users // CHUNK_EVENTS) * CHUNK_EVENTS)
    return job_id


def _wait_until(at_s: int) -> None:
    say(f"waiting {max(at_s - time.time(), 0.0):.0f} s")
    time.sleep(max(at_s - time.time(), 0.0))


def _told(stage: Arena, topics: Topics, window: _Window) -> list[PushRecord]:
    """Return what was told of the buckets that are over."""
    ends_ms = (window.begins_s + _LOOKED_AT * _SLOT_S) * 1000
    with opened(stage.stack.kafka, topics.push) as logs:
        found = [decode_push(record.value or b"") for log in logs for record in log.records(log.begin, log.end)]
    some = [each for each in found if each.due_ms < ends_ms]
    if not some:
        raise StackError("nobody was told of: no push is in the topic")
    say(f"{len(found):,} told, {len(some):,} of them of buckets that are over")
    return some


def _figures(
    told: Sequence[PushRecord], loads: tuple[dict[str, Any], dict[str, Any]], sizes: list[int], users: int
) -> Figures:
    late_s = np.array([each.told_ms - each.due_ms for each in told]) / 1000
    without, meanwhile = loads
    return {
        "users": users,
        "told": len(told),
        "told_per_hour": round(len(told) * 60 / SLOT / _LOOKED_AT),
        "late_s_p99": round(float(np.percentile(late_s, 99)), 1),
        "late_s_most": round(float(late_s.max()), 1),
        "twice": len(told) - len({each.push_id for each in told}),
        "without_ms": without,
        "meanwhile_ms": meanwhile,
        "p99_ratio": round(meanwhile["p99_ms"] / without["p99_ms"], 2),
        "bytes_a_user": round(float(np.mean(sizes)), 1),
        "most_bytes_a_user": max(sizes),
    }
