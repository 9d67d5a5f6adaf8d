"""The live job goes from one TaskManager to two under a steady load, as operators do it: what stands still meanwhile.

A job with another parallelism is made ready and takes over (`tideline submit --take-over`); events keep coming.
Afterwards lists are held against what the core makes of the same events in one piece.
"""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.codec import decode_event
from tideline.scripts.benchmarks.live.arena import Arena, arena, job_options
from tideline.scripts.benchmarks.live.freshness import WARM_UP_S, Seen, load_seen
from tideline.scripts.benchmarks.live.peers.final_lists import by_core
from tideline.scripts.benchmarks.live.peers.kill_run import settled
from tideline.scripts.benchmarks.live.peers.loop_body import ranker_of
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.commands.submit import configuration, take_over
from tideline.udfs.io.topic_reader import opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.schemas.events import Event
    from tideline.schemas.topics import Topics

LATE_MS = 1_000.0
_SECONDS, _BEFORE_S = 75, 15.0
_USERS = 20_000


class _Moments(NamedTuple):
    """Epoch seconds."""

    begun_s: float
    ready_s: float
    stopped_s: float
    running_s: float


def rescaled(beside: Arena, rate: int) -> dict[str, Any]:
    """Return seconds and lists at so many events a second, less than one TaskManager can do; see `bench_keys`.

    `late` are lists later than LATE_MS.
    """
    with arena("rescaled", 2, beside=beside) as stage:
        topics = stage.topics("rescaled", int(time.time() * 1000))
        job_id = stage.start(topics, {"parallelism": "1"})
        stage.stack.rest.wait_running(job_id)
        begun, moments = threading.Event(), list[_Moments]()
        worker = threading.Thread(target=_rescale, args=(stage, topics, job_id, begun, moments))
        worker.start()
        seen = load_seen(stage, topics.clickstream, rate, _SECONDS, seed=9, users=_USERS, begun=begun)
        worker.join()
        config = configuration(stage.stack, "live", job_options(topics, {}))
        found = settled(stage, by_core(ranker_of(config), _sent(stage, topics)))
    return _told(seen, moments[0], rate) | found._asdict()


def _rescale(stage: Arena, topics: Topics, job_id: str, begun: threading.Event, moments: list[_Moments]) -> None:
    begun.wait()
    time.sleep(WARM_UP_S + _BEFORE_S)
    begun_s = time.time()
    taken = take_over(stage.stack, job_options(topics, {"parallelism": "2"}), job_id)
    stage.stack.rest.wait_running(taken.job_id)
    moments.append(_Moments(begun_s, taken.ready_s, taken.stopped_s, time.time()))
    say(f"rescaled: {moments}")


def _told(seen: Seen, moments: _Moments, rate: int) -> dict[str, Any]:
    return {
        "events_per_s": rate,
        "preparing_s": round(moments.ready_s - moments.begun_s, 1),
        "stopping_s": round(moments.stopped_s - moments.ready_s, 1),
        "starting_s": round(moments.running_s - moments.stopped_s, 1),
        **delays(seen.latencies_ms, moments.ready_s * 1000),
    }


def delays(latencies_ms: Sequence[tuple[float, float]], begun_ms: float) -> dict[str, Any]:
    """Return what lists say of a standstill that began then: (when its event was due, how late it was), epoch ms.

    >>> delays([(0.0, 50.0), (100.0, 50.0), (200.0, 5_000.0), (4_200.0, 1_100.0), (5_300.0, 60.0)], 160.0)
    {'standstill_s': 5.0, 'late_s': 4.0, 'late': 2, 'looked_at': 5, 'worst_ms': 5000.0}
    """
    made_ms = sorted(due_ms + late_ms for due_ms, late_ms in latencies_ms)
    late = [(due_ms, late_ms) for due_ms, late_ms in latencies_ms if late_ms > LATE_MS]
    gaps_ms = [after - before for before, after in pairwise(made_ms)]
    return {
        "standstill_s": round(max(gaps_ms, default=0.0) / 1000, 1),
        "late_s": round(max((due_ms - begun_ms for due_ms, _ in late), default=0.0) / 1000, 1),
        "late": len(late),
        "looked_at": len(latencies_ms),
        "worst_ms": round(max((late_ms for _, late_ms in latencies_ms), default=0.0), 1),
    }


def _sent(stage: Arena, topics: Topics) -> list[Event]:
    """Return what the clickstream holds, each user's events in their order."""
    with opened(stage.stack.kafka, topics.clickstream) as logs:
        records = [record for log in logs for record in log.records(log.begin, log.end)]
    return [decode_event(record.key, record.value, record.timestamp_ms) for record in records]
