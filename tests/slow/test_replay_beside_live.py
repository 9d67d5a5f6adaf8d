"""Contract: a replay beside a live job under load leaves live as it is: its lists, what it learns, its offsets."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from kafka import KafkaProducer

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.replayed import replayed
from tests.support.traffic import Scenario, make_activities, make_events, messages
from tests.support.version_watch import VersionWatch
from tests.support.waiting import PATIENCE_S, wait_until
from tests.support.watch import Watch
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.lists.list_version import parse_version
from tideline.udfs.io.topic_reader import group_offsets, topic_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.support.traffic import Message
    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_USERS, _PAST, _MORE = 500, 60_000, 60_000
_PER_S, _TOLD_EVERY_S = 200, 0.05
_ALONE, _PROBED = 300, 40
_PACES: tuple[dict[str, str], ...] = ({}, {"records_per_s": "3000"})
"""What is said to each of the replays of how fast it may be."""
_BEFORE_MS = 6 * 3_600_000


class Load(Watch):
    """While it is open: records of a clickstream, as traffic that comes steadily."""

    def __init__(self, job: LiveJob, told: Iterable[Message]) -> None:
        super().__init__(_TOLD_EVERY_S)
        self.sent = 0
        self._topic, self._told = job.topics.clickstream, iter(told)
        self._producer = KafkaProducer(bootstrap_servers=job.stack.kafka_bootstrap, acks="all")

    def look(self) -> None:
        """Send what is due, as long as there is something: how long the replays take is the machine's affair."""
        for message in islice(self._told, round(_PER_S * _TOLD_EVERY_S)):
            self._producer.send(self._topic, key=message.key, value=message.value)
            self.sent += 1

    def close(self) -> None:
        """Send no more."""
        self._producer.close()


class Prober:
    """Visitors of whom one after the other does something and waits for the list that knows it."""

    def __init__(self, job: LiveJob) -> None:
        self._job, self._numbers = job, count()
        self._producer = KafkaProducer(bootstrap_servers=job.stack.kafka_bootstrap, acks=1)

    def asks(self) -> float:
        """Return after how many milliseconds a list had an event."""
        number, ts_ms = next(self._numbers), time.time_ns() // 1_000_000
        user = f"probe-{number % _PROBED}"
        event = Event(f"p{number}", user, EventType.VIEW, ts_ms, "deal-1")
        began_s = time.perf_counter()
        self._producer.send(self._job.topics.clickstream, key=user.encode(), value=encode_event(event))
        while not self._knows(user, ts_ms):
            assert time.perf_counter() < began_s + PATIENCE_S
            time.sleep(0.002)
        return (time.perf_counter() - began_s) * 1000

    def close(self) -> None:
        """Send no more."""
        self._producer.close()

    def _knows(self, user: str, ts_ms: int) -> bool:
        return any(parse_version(each).as_of_ms >= ts_ms for each in self._job.lists([user]).values())


def test_live_is_as_if_no_replay_had_run_beside_it(
    stack: Stack, evidence: Evidence, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: no list goes back while a reader looks on; in the end lists, what was learned and offsets are those of
    plain Python that knows of no replay, and its replays, one at a pace, have one digest."""
    job, every = _caught_up(stack)
    ends = json.dumps({str(number): end for number, end in topic_ends(stack.kafka, job.topics.clickstream).items()})
    prober = Prober(job)
    load, watch = Load(job, messages(every[_PAST:])), VersionWatch(job, sorted({each.user_id for each in every}))
    began = json.dumps(dict.fromkeys(json.loads(ends), 0))

    def replay(number: int) -> dict[str, Any]:
        bounds = ("--from", began, "--to", ends)
        return replayed(job, capsys, f"beside-{number}", *bounds, policy_pin=pin, **_PACES[number])

    pin = str(topic_ends(stack.kafka, job.topics.policy)[0] - 1)  # live learns meanwhile
    with watch, load:
        alone = [prober.asks() for _ in range(_ALONE)]
        found, beside = zip(*(_probed(prober, partial(replay, number)) for number in range(len(_PACES))), strict=True)
    for each in (load, prober):
        each.close()
    job.settle()
    quiet_ms, *busy_ms = (np.percentile(each, [50, 99]).round(1).tolist() for each in (alone, *beside))
    evidence(
        "replays beside live",
        {
            "records": found[0]["records"], "events": load.sent, "probes": [len(each) for each in (alone, *beside)],
            "paces": _PACES,
            "alone_ms": quiet_ms, "beside_ms": busy_ms, "looks": watch.samples, "steps_back": len(watch.steps_back),
        },
    )  # fmt: skip
    assert not watch.steps_back
    check_equal(job.oracle.lists, job.all_lists())
    assert [each["differences"] for each in found] == [[]] * len(_PACES)
    assert len({each["digest"] for each in found}) == 1
    _wait_committed(job)
    stack.rest.cancel(job.job_id)


def _probed(prober: Prober, replay: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], list[float]]:
    """Return what a replay printed, and after how many milliseconds visitors had their lists while it ran."""
    with ThreadPoolExecutor(1) as pool:
        running, beside = pool.submit(replay), list[float]()
        while not running.done():
            beside.append(prober.asks())
        return running.result(), beside


def _caught_up(stack: Stack) -> tuple[LiveJob, list[Event]]:
    """Return a live job that has worked off the past, with room for a replay beside it, and all events of the test."""
    job, now_ms = LiveJob(stack, f"beside{os.getpid()}"), int(time.time() * 1000)
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    activities = make_activities(60, now_ms)
    job.put_activities(activities)
    every = make_events(Scenario(3, _USERS, _PAST + _MORE, activities, job.token_keys, now_ms - _BEFORE_MS))
    job.produce(messages(every[:_PAST]))
    job.start()
    job.drain()
    return job, every


def _wait_committed(job: LiveJob) -> None:
    """Wait until live's group has come as far as its topic."""
    kafka = job.stack.kafka

    def committed() -> dict[int, int]:
        told = group_offsets(kafka, job.config.consumer_group)
        return {each.partition: offset for each, offset in told.items() if each.topic == job.topics.clickstream}

    wanted = topic_ends(kafka, job.topics.clickstream)
    wait_until("live's group has come as far as live", lambda: committed() == wanted, state=committed)
