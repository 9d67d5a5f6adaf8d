"""Resident memory of a TaskManager under steady load, minute by minute: is it flat once everything is warm?"""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from tideline.scripts.benchmarks.live.arena import Arena, arena, encode
from tideline.scripts.benchmarks.live.kafka_batches import BatchProducer, by_partition
from tideline.scripts.benchmarks.live.throughput import USERS
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS, Traffic, make_chunk
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.localstack import StackError
from tideline.udfs.io.topic_reader import topic_ends

if TYPE_CHECKING:
    from collections.abc import Iterable

WARM_MINUTES = 10
"""From here on memory shall be flat."""
MOST_DRIFT = 0.03
_MINUTE_S = 60.0
_BATCH_EVENTS = 250
_PAGE_BYTES = 4_096


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    minutes: int
    events_per_s: int
    resident_mb_by_minute: list[float]
    drift: float | None
    restored: int
    violations: dict[str, int]


def measure(rate: int, minutes: int) -> Figures:
    """Run the benchmark: `rate` events/s for so many minutes; a violation where memory drifts more than MOST_DRIFT."""
    with arena("soak", 1) as stage:
        topics = stage.topics("soak", int(time.time() * 1000))
        job_id = stage.start(topics, {"parallelism": "1"})
        stage.stack.rest.wait_running(job_id)
        traffic = Traffic(USERS, 0.0, int(time.time() * 1000), 1000 / rate, stage.keys, 7)
        # A process of its own, forked so that it needs nothing but what is here.
        sender = multiprocessing.get_context("fork").Process(
            target=_send, args=(stage.stack.kafka_bootstrap, topics.clickstream, traffic, rate), daemon=True
        )
        sender.start()
        try:
            resident = [_after_a_minute(stage, job_id, minute, sender) for minute in range(minutes)]
        finally:
            sender.terminate()
            sender.join()
        sent = sum(topic_ends(stage.stack.kafka, topics.clickstream).values())
        restored = stage.stack.rest.checkpoints(job_id).restored
        stage.stack.rest.cancel(job_id)
    found = drift(resident)
    return {
        "minutes": minutes,
        "events_per_s": round(sent / (minutes * _MINUTE_S)),
        "resident_mb_by_minute": [round(each / 1e6, 1) for each in resident],
        "drift": None if found is None else round(found, 4),
        "restored": restored,
        "violations": {"memory": 1} if found is not None and found > MOST_DRIFT else {},
    }


def drift(resident: Iterable[float]) -> float | None:
    """Return the largest distance from the memory at WARM_MINUTES, as a share of it; None of a run not longer."""
    warm = list(resident)[WARM_MINUTES - 1 :]
    return max(abs(each / warm[0] - 1) for each in warm) if len(warm) > 1 else None


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def _after_a_minute(stage: Arena, job_id: str, minute: int, sender: Any) -> float:
    time.sleep(_MINUTE_S)
    if not sender.is_alive() or not stage.stack.rest.all_running(job_id):
        raise StackError(f"the load or the job ended in minute {minute + 1}\n{stage.stack.rest.root_exception(job_id)}")
    (taskmanager,) = stage.stack.taskmanagers
    found = resident_bytes(taskmanager.pid)
    say(f"minute {minute + 1}: {found / 1e6:.1f} MB")
    return found


def _send(bootstrap: str, topic: str, traffic: Traffic, rate: int) -> None:
    """Send a steady stream until the process is ended."""
    started_s, sent, chunk = time.monotonic(), 0, 0
    with BatchProducer(bootstrap, topic) as producer:
        while True:
            events = make_chunk(traffic, chunk)
            for first in range(0, CHUNK_EVENTS, _BATCH_EVENTS):
                time.sleep(max(0.0, started_s + sent / rate - time.monotonic()))
                producer.send(by_partition(encode(events[first : first + _BATCH_EVENTS])))
                sent += _BATCH_EVENTS
            chunk += 1
