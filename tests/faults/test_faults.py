"""Contract: after a fault heals, lists and what was learned are those of an undisturbed run, and nothing was lost."""

from __future__ import annotations

import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from kafka.admin import KafkaAdminClient

from tests.support.alert_watch import AlertWatch
from tests.support.exercise import events_of, exercise
from tests.support.malformed import many_refused
from tests.support.traffic import interleave, messages, shuffled, with_duplicates
from tests.support.waiting import wait_until
from tideline.scripts.localstack.process import alive, send

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.conftest import Jobs
    from tests.support.live import LiveJob

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_OUTAGE_S = 30.0
_FORGOTTEN_S = 15
"""Longer than the alert looks back, in the watch's seconds."""


def test_without_a_fault_lists_equal_the_plain_python_oracle(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F0: the control run, with one subtask."""
    job = jobs.with_subtasks(1)
    events = events_of(job, "f0")
    evidence("F0 none, 1 subtask", exercise(job, events, messages(events)).numbers)


def test_killed_taskmanager_loses_and_doubles_nothing(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F1: `kill -9` after two checkpoints; the job restores in another process, with complete sums.

    Attempts that met the dead TaskManager's slot restore too, so it may take several.
    """
    job = jobs.with_subtasks(1)
    stack, rest = job.stack, job.stack.rest
    interval_ms = rest.get(f"/jobs/{job.job_id}/checkpoints/config")["interval"]
    restored = rest.checkpoints(job.job_id).restored
    events = events_of(job, "f1")
    pids: list[int] = []

    def kill() -> None:
        rest.wait_checkpoints(job.job_id, 2)
        killed = stack.kill_taskmanager(0, signal.SIGKILL)
        added = stack.add_taskmanager()
        pids.extend((killed.pid, added.pid))
        assert not alive(killed)
        wait_until("the job is restored", lambda: rest.checkpoints(job.job_id).restored > restored)
        rest.wait_running(job.job_id)

    numbers = exercise(job, events, messages(events), kill, counters_last=False).numbers
    restores = rest.checkpoints(job.job_id).restored - restored
    assert pids[0] != pids[1]
    evidence(
        "F1 kill -9 TaskManager", {**numbers, "restored": restores, "pids": pids, "checkpoint_interval_ms": interval_ms}
    )


def test_stopped_redis_is_waited_out_without_a_restart(jobs: Jobs, evidence: Evidence, tmp_path: Path) -> None:
    """Contract F6: Redis hangs for 30 s; writes are retried and counted, the job does not restart.

    The alert that is for it fires on what the stack shows Prometheus, and is over afterwards; time runs 15 times as
    fast there.
    """
    job = jobs.with_subtasks(1)
    restored = job.stack.rest.checkpoints(job.job_id).restored
    retries = job.metrics()["redis_retry"]
    server = job.stack.redis_process
    assert server is not None
    moments: list[int] = []

    def hang() -> None:
        assert send(server, signal.SIGSTOP)
        moments.append(watch.now())
        try:
            time.sleep(_OUTAGE_S)
        finally:
            moments.append(watch.now())
            send(server, signal.SIGCONT)

    events = events_of(job, "f6")
    with AlertWatch(job.stack, "TidelineRedisRetrying") as watch:
        numbers = exercise(job, events, messages(events), hang).numbers
        recovered = watch.now() + _FORGOTTEN_S
        wait_until("the alert has nothing left to look at", lambda: watch.now() > recovered)
    hung, healed = moments
    watch.check(tmp_path, {"job_name": job.options["name"].replace("-", "_")}, hung, healed, recovered)
    retried = job.metrics()["redis_retry"] - retries
    assert retried > 0
    assert job.stack.rest.checkpoints(job.job_id).restored == restored
    assert job.stack.rest.all_running(job.job_id)
    evidence("F6 Redis stopped 30 s", {**numbers, "retries": retried, "restarts": 0})


def test_emptied_redis_is_filled_again_by_republish(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F8: Redis comes back without data and without scripts; a republish brings every list back."""
    job = jobs.with_subtasks(1)
    restored = job.stack.rest.checkpoints(job.job_id).restored
    events = events_of(job, "f8")
    lists_before = job.all_lists()

    def empty() -> None:
        job.drain()
        job.stack.restart_redis(empty=True)
        job.republish()

    numbers = exercise(job, events, messages(events), empty).numbers
    assert job.all_lists().keys() >= lists_before.keys()
    assert job.stack.rest.checkpoints(job.job_id).restored == restored
    evidence("F8 Redis restarted empty", {**numbers, "lists_back": len(job.all_lists())})


def test_malformed_records_go_to_dead_letters_and_change_no_list(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F14: 1 % malformed; the dead letters are exactly those, with their reasons."""
    job = jobs.with_subtasks(1)
    events = events_of(job, "f14")
    users = sorted({event.user_id for event in events})
    refused = many_refused(len(events) // 100, users, int(time.time() * 1000), job.token_keys, "a005")
    seen = exercise(job, events, interleave(messages(events), [each.message for each in refused], seed=2))
    wanted = Counter((key, value, str(reason)) for (key, value), reason in refused)
    found = Counter((each.key, each.value, dict(each.headers)["reason"].decode()) for each in seen.dead)
    assert found == wanted
    evidence("F14 1 % malformed", {**seen.numbers, "dead_letters": len(seen.dead)})


def test_repeated_records_count_once(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F16: 10 % duplicates, some ten minutes later; lists and sums are those without them."""
    job = jobs.with_subtasks(1)
    events = events_of(job, "f16")
    twice, repeated = with_duplicates(events, 0.1, seed=3)
    numbers = exercise(job, events, messages(twice)).numbers
    assert numbers["duplicate"] == repeated
    evidence("F16 10 % duplicates", {**numbers, "repeated": repeated})


def test_order_of_arrival_within_a_minute_does_not_matter(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F17: everything shuffled within 60 s of event time; lists and sums are those of the right order."""
    job = jobs.with_subtasks(1)
    events = events_of(job, "f17")
    evidence("F17 shuffled within 60 s", exercise(job, events, messages(shuffled(events, 60_000, seed=4))).numbers)


def test_two_subtasks_give_what_one_gives(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F0: the control run again with two subtasks on two TaskManagers; the same oracle, the same lists."""
    job = jobs.with_subtasks(2)
    events = events_of(job, "f0")
    evidence("F0 none, 2 subtasks", exercise(job, events, messages(events)).numbers)


def test_a_broken_producer_makes_the_brake_stop_the_job(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F15: with 20 % that no producer should write the job ends, its offsets before what it refused."""
    job = jobs.with_subtasks(2)
    events = events_of(job, "f15")[:10_000]
    users = sorted({event.user_id for event in events})
    bad = many_refused(len(events) // 2, users, int(time.time() * 1000), job.token_keys, "a005")
    refused = [each for each in bad if each.reason.producer_fault]  # half of them: what visitors can send stops nobody
    started = time.monotonic()
    job.produce(interleave(messages(events), [each.message for each in refused], seed=5))
    state = job.stack.rest.wait_state(job.job_id, ["FAILED"])
    seconds = round(time.monotonic() - started, 1)
    reason = job.stack.rest.root_exception(job.job_id)
    assert "invalid" in reason
    committed, end = offsets(job)
    assert committed < end
    evidence("F15 20 % malformed", {"state": state, "seconds": seconds, "committed": committed, "end": end})


def offsets(job: LiveJob) -> tuple[int, int]:
    """Sum of the group's committed offsets and of the end offsets of the clickstream."""
    admin = KafkaAdminClient(bootstrap_servers=job.stack.kafka_bootstrap)
    try:
        group = job.config.consumer_group
        committed = admin.list_group_offsets(group)[group]
    finally:
        admin.close()
    held = sum(each.offset for partition, each in committed.items() if partition.topic == job.topics.clickstream)
    return held, len(job.read(job.topics.clickstream))
