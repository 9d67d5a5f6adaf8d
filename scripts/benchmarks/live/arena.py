"""Where a benchmark happens: a stack of its own, its topics, the traffic in them, the job and what it reports."""

from __future__ import annotations

import os
import re
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis

from tideline.schemas.codec import encode_event
from tideline.schemas.topics import Topics
from tideline.scripts.benchmarks.live.by_thread import ThreadTimes
from tideline.scripts.benchmarks.live.kafka_batches import BatchProducer, by_partition
from tideline.scripts.benchmarks.live.rates import Sample
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS, Traffic, activities, make_chunk
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.commands.submit import submit, token_keys
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.diagnosis.job_metrics import JobMetrics
from tideline.scripts.localstack import Stack, StackError, StackRequest
from tideline.scripts.localstack.launch import take_down
from tideline.scripts.localstack.process import alive, tail
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.io.topic_reader import topic_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tideline.schemas.events import Event
    from tideline.udfs.core.catalogue.activity import Activity

PREFIX = "tideline"
_BATCH_EVENTS = 2_000
SAMPLE_S, _LAST_SAMPLES_S, _LAST = 5.0, 0.5, 0.9
"""A look every second took 2.7 of 119 us an event; Prometheus takes one in 15 s. Near the end the moment counts."""
_STALLED_S = 120.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_STAGE = re.compile(r"_stages_(\w+)_ns\{[^}]*\} (\S+)$", re.MULTILINE)
_DECIDED = ("redis_written", "redis_same", "redis_older", "redis_erased")


class Run:
    """How a job went.

    Attributes:
        samples: The records it had processed, every few seconds and more often at the end.
        cpu_s: CPU seconds of each process at each sample.
        batches: Batches whose users had been encoded by then.
        totals: The job's counters at the end.
        stages_ns: CPU nanoseconds by stage, where the job has clocks.
        us_by_thread: CPU microseconds an event by thread of the TaskManagers, from the first event that counts on.
        checkpoint_bytes: Size of a checkpoint after the end, where one was asked for.
    """

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.cpu_s: list[dict[str, float]] = []
        self.batches: list[float] = []
        self.totals = JobMetrics()
        self.stages_ns: dict[str, float] = {}
        self.us_by_thread: dict[str, float] = {}
        self.checkpoint_bytes = 0


class Arena:
    """A running stack for one benchmark."""

    def __init__(self, stack: Stack, secrets_of: Stack | None = None) -> None:
        """Tokens are signed as `secrets_of` signs them, or the stack itself."""
        self.stack = stack
        secrets = token_keys(stack, secrets_of)
        self.keys = TokenKeys({int(number): bytes.fromhex(secret) for number, secret in secrets.items()}, 1)
        self.redis: Any = redis.Redis.from_url(stack.redis_url)
        shared = [] if secrets_of is None else [secrets_of.kafka_process, secrets_of.redis_process]
        self._processes_beside = [each for each in shared if each]

    def topics(self, suffix: str, activities_at_ms: int) -> Topics:
        """Make a set of topics with the activities in it; they are open at that time."""
        topics = Topics().with_suffix(f"-{suffix}")
        ensure_topics(self.stack.kafka, topics)
        self.offer(topics, activities(activities_at_ms))
        return topics

    def offer(self, topics: Topics, offered: Iterable[Activity]) -> None:
        """Write activities; one that is there already is changed."""
        with self.stack.kafka.producer("writing activities", f"Write on topic {topics.activities}") as producer:
            for activity in offered:
                producer.send(topics.activities, key=activity.activity_id.encode(), value=encode_activity(activity))

    def fill(self, topic: str, traffic: Traffic, events: int) -> None:
        """Write traffic to a topic; `events` is a multiple of CHUNK_EVENTS."""
        started_s = time.monotonic()
        with ProcessPoolExecutor() as pool, BatchProducer(self.stack.kafka_bootstrap, topic) as producer:
            for batches in pool.map(partial(_encoded_chunk, traffic), range(events // CHUNK_EVENTS)):
                for batch in batches:
                    producer.send(batch)
        found = sum(topic_ends(self.stack.kafka, topic).values())
        if found != events:
            raise StackError(f"topic {topic} holds {found} records of {events}")
        say(f"{events:,} events in topic {topic}, {time.monotonic() - started_s:.0f} s")

    def start(
        self, topics: Topics, options: Mapping[str, str], entry: Path | None = None, state: str | None = None
    ) -> str:
        """Submit the job (or another one with the same options) and return its id; lists start empty."""
        self.redis.flushall()
        self.redis.config_resetstat()
        return submit(self.stack, "live", job_options(topics, options), state, entry)

    def watch(self, job_id: str, events: int, counted_from: int = 1) -> Run:
        """Sample the live job until it has processed that many events and all their lists are in Redis.

        Seldom but where its start or end may be near: a look is work for the TaskManagers.

        Threads are looked at after `counted_from` of them; before the first one, classes were loaded.

        Raises:
            StackError: the job has ended or nothing moves.
        """
        run, threads = Run(), ThreadTimes()
        moved_s = time.monotonic()
        while True:
            run.totals.read(self.stack.prometheus_urls.values())
            records = run.totals.total("records")
            if run.samples and records > run.samples[-1].events:
                moved_s = time.monotonic()
            run.samples.append(Sample(time.monotonic(), records))
            run.cpu_s.append(self.cpu_seconds())
            run.batches.append(run.totals.total("encode_batches"))
            if records >= counted_from:
                threads.look(records, [each.pid for each in self.stack.processes if _is_taskmanager(each.name)])
            if records >= events and self._written(run.totals) >= run.totals.total("lists"):
                run.stages_ns, run.us_by_thread = self._stages_ns(), threads.us_per_event()
                return run
            if time.monotonic() - moved_s > _STALLED_S:
                state = self.stack.job_status(job_id)
                raise StackError(
                    f"job {job_id} is {state}, {records} records of {events} for {_STALLED_S:.0f} s\n"
                    f"{self.stack.rest.root_exception(job_id)}"
                )
            time.sleep(SAMPLE_S if counted_from <= records < _LAST * events else _LAST_SAMPLES_S)

    def evals(self) -> int:
        """Return how many list scripts Redis has run since `start`."""
        stats = self.redis.info("commandstats")
        return int(stats.get("cmdstat_eval", {}).get("calls", 0))

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU seconds that the stack's processes have used, TaskManagers added up; a shared broker's too.

        Raises:
            StackError: one of them has ended.
        """
        found: dict[str, float] = {}
        for process in [*self.stack.processes, *self._processes_beside]:
            if not alive(process):
                raise StackError(f"{process.name} has ended\n{tail(process.log)}")
            name = "taskmanagers" if _is_taskmanager(process.name) else process.name
            found[name] = found.get(name, 0.0) + cpu_seconds_of(process.pid)
        return found

    def _stages_ns(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for url in self.stack.prometheus_urls.values():
            with urllib.request.urlopen(url) as answer:  # noqa: S310 - http by contract
                for name, value in _STAGE.findall(answer.read().decode()):
                    found[name] = found.get(name, 0.0) + float(value)
        return {name: spent for name, spent in found.items() if spent}

    @staticmethod
    def _written(totals: JobMetrics) -> int:
        return sum(totals.total(name) for name in _DECIDED)


@contextmanager
def arena(
    name: str,
    taskmanagers: int,
    conf: Path | None = None,
    beside: Arena | None = None,
    tm_memory: str | None = None,
) -> Iterator[Arena]:
    """Bring up a stack `bench-{name}` from nothing, and take it down at the end.

    `conf` are Flink settings of its own, `tm_memory` a TaskManager's size. It has Kafka, Redis and the token secrets of
    `beside` where that is given.
    """
    stack_name = f"bench-{name}"
    take_down(stack_name)
    say(f"bringing up stack {stack_name} with {taskmanagers} TaskManager{'s' * (taskmanagers > 1)}")
    request = StackRequest(stack_name, taskmanagers, conf, tm_memory=tm_memory)
    if beside is not None:
        request = replace(request, kafka=beside.stack.kafka_bootstrap, redis_url=beside.stack.redis_url)
    with Stack.up(request) as stack:
        opened = Arena(stack, None if beside is None else beside.stack)
        try:
            yield opened
        finally:
            opened.redis.close()
            say(f"taking down stack {stack_name}")


def job_options(topics: Topics, more: Mapping[str, str]) -> dict[str, str]:
    """Return the options of a job on these topics."""
    names = ",".join(f'"{role}":"{name}"' for role, name in topics.by_role().items())
    return {"prefix": PREFIX, "group_id": topics.clickstream, "topics": f"{{{names}}}", **more}


def _is_taskmanager(process: str) -> bool:
    return process.startswith("taskmanager")


def encode(events: Iterable[Event]) -> list[tuple[bytes, bytes]]:
    """Return key and value of each event."""
    return [(event.user_id.encode(), encode_event(event)) for event in events]


def _encoded_chunk(traffic: Traffic, chunk: int) -> list[dict[int, bytes]]:
    records = encode(make_chunk(traffic, chunk))
    return [by_partition(records[start : start + _BATCH_EVENTS]) for start in range(0, CHUNK_EVENTS, _BATCH_EVENTS)]


def cpu_seconds_of(pid: int) -> float:
    """Return user and system time of a process, of its threads and of its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS_PER_S
