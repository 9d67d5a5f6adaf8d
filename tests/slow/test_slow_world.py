"""Contract: a slow way to Redis and ten times the usual traffic delay lists and lose nothing."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.equality import check_equal
from tests.support.exercise import EVENTS, events_of, exercise
from tests.support.live import LiveJob
from tests.support.slow_link import SlowLink
from tests.support.traffic import Scenario, make_activities, make_events, messages
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.faults.conftest import Jobs
    from tests.support.traffic import Message
    from tideline.scripts.localstack import Stack
    from tideline.scripts.localstack.process import Managed

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_SLOW_S, _DELAY_S, _BYTES_PER_S = 60.0, 0.2, 125_000.0  # 1 Mbit/s
_USUAL_PER_S, _BURST_PER_S, _USUAL_S, _BURST_S = 100, 1_000, 15, 60
_SHIPPED_INTERVAL_S = 30.0
_DAY_MS = 86_400_000


@pytest.fixture
def redis_by_link(stack: Stack) -> Iterator[tuple[LiveJob, SlowLink]]:
    """A job that reaches Redis by a link of its own; what the test reads goes past it."""
    port = urlsplit(stack.redis_url).port
    assert port
    with SlowLink(port) as link:
        url = f"redis://127.0.0.1:{link.port}/0"
        job = LiveJob(stack, f"f13-{os.getpid()}", redis_url=url)
        job.put_activities(make_activities(60, int(time.time() * 1000)))
        stack.add_taskmanager()
        job.start()
        yield job, link
        link.mend()
        stack.rest.cancel(job.job_id)


def test_a_slow_way_to_redis_delays_lists_and_loses_none(
    redis_by_link: tuple[LiveJob, SlowLink], evidence: Evidence
) -> None:
    """Contract F13: +200 ms and 1 Mbit/s for 60 s: lists lag, checkpoints go on, and all of it heals.

    A checkpoint waits for the batch that is being written, which such a link takes 7 s for: none is older than three
    of the intervals that flink-conf ships (30 s; the test's own are 5 s).
    """
    job, link = redis_by_link
    rest, lag, ages = job.stack.rest, list[float](), list[float]()

    def narrow() -> None:
        until, seen, since = time.monotonic() + _SLOW_S, rest.checkpoints(job.job_id).completed, time.monotonic()
        while time.monotonic() < until:
            completed = rest.checkpoints(job.job_id).completed
            since = time.monotonic() if completed > seen else since
            seen = max(seen, completed)
            ages.append(time.monotonic() - since)
            lag.append(EVENTS * 0.6 - job.metrics()["records"])
            time.sleep(0.5)
        rest.wait_checkpoints(job.job_id, 1)
        link.mend()

    rest.wait_checkpoints(job.job_id, 1)
    completed = rest.checkpoints(job.job_id).completed
    link.spoil(_DELAY_S, _BYTES_PER_S)
    events = events_of(job, "f13")
    numbers = exercise(job, events, messages(events), narrow).numbers
    assert max(lag) > 0
    assert restored(job) == 0
    assert max(ages) <= 3 * _SHIPPED_INTERVAL_S
    evidence(
        "F13 Redis +200 ms, 1 Mbit/s for 60 s",
        {
            **numbers,
            "most_behind": round(max(lag)),
            "checkpoints": rest.checkpoints(job.job_id).completed - completed,
            "oldest_checkpoint_s": round(max(ages), 1),
            "restored": restored(job),
        },
    )


def test_ten_times_the_traffic_for_a_minute_is_caught_up_with(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F21: no failure, all lists in the end, and the TaskManager within the memory it was given."""
    job = jobs.with_subtasks(1)
    before = restored(job)
    total = _USUAL_S * _USUAL_PER_S + _BURST_S * _BURST_PER_S
    activities = tuple(job.oracle.ranker.offers.activities.values())
    start_ms = int(time.time() * 1000) - _DAY_MS
    sent = messages(make_events(Scenario(21, total // 20, total, activities, job.token_keys, start_ms, "f21")))
    usual = _USUAL_S * _USUAL_PER_S
    feed(job, sent[:usual], _USUAL_PER_S)
    (process,) = job.taskmanagers()
    resident = resident_mb(process)
    began = time.monotonic()
    feed(job, sent[usual:], _BURST_PER_S)
    fed_s = time.monotonic() - began
    wait_until("all was read", lambda: job.metrics()["records"] >= len(sent))
    caught_up_s = time.monotonic() - began - fed_s
    job.settle()
    check_equal(job.oracle.lists, job.all_lists())
    assert restored(job) == before
    most = resident_mb(process)
    assert most <= process_size_mb(job.stack)
    evidence(
        "F21 ten times the traffic for 60 s",
        {
            "produced": len(sent),
            "burst_per_s": round((len(sent) - usual) / fed_s),
            "caught_up_s": round(caught_up_s, 1),
            "lists_equal": len(job.oracle.lists),
            "resident_mb": [resident, most],
            "restored": restored(job) - before,
        },
    )


def restored(job: LiveJob) -> int:
    return job.stack.rest.checkpoints(job.job_id).restored


def feed(job: LiveJob, sent: Sequence[Message], per_second: int) -> None:
    """Produce so many messages a second, later where the machine cannot."""
    began = time.monotonic()
    for second, first in enumerate(range(0, len(sent), per_second), start=1):
        job.produce(sent[first : first + per_second])
        time.sleep(max(0.0, began + second - time.monotonic()))


def resident_mb(process: Managed) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found.group(1)) // 1024


def process_size_mb(stack: Stack) -> int:
    """What the stack's TaskManagers were given."""
    settings = (stack.root / "conf" / "config.yaml").read_text()
    found = re.search(r'taskmanager\.memory\.process\.size: "(\d+)m"', settings)
    assert found
    return int(found.group(1))
