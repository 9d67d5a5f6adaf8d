"""Contract: as of the fault tests, for faults that take minutes: lists and sums are those of an undisturbed run."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
import redis

from tests.support.exercise import events_of, exercise
from tests.support.live import ENCODERS
from tests.support.model_folders import change_manifest
from tests.support.traffic import messages
from tests.support.waiting import wait_until
from tideline.models.registry import MODEL, verify
from tideline.scripts.localstack.process import alive, send
from tideline.udfs.core.control.control import LoadModel, Republish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.conftest import Jobs
    from tests.support.live import LiveJob

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_KILLS = 5
_STOPPED_S = 40.0
_REDIS_AWAY_S = 60.0
_KAFKA_AWAY_S = 20.0


def restored(job: LiveJob) -> int:
    return job.stack.rest.checkpoints(job.job_id).restored


def wait_restored(job: LiveJob, before: int) -> None:
    """Wait until the job was restored since `before` and all of it runs."""
    wait_until("the job is restored", lambda: restored(job) > before)
    job.stack.rest.wait_running(job.job_id)


def test_five_killed_taskmanagers_lose_and_double_nothing(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F2: `kill -9` five times, each time after a further checkpoint; no list steps back."""
    job = jobs.with_subtasks(1)
    stack, before = job.stack, restored(job)

    def kill() -> None:
        for _ in range(_KILLS):
            stack.rest.wait_checkpoints(job.job_id, 1)
            known = restored(job)
            (runs_it,) = job.taskmanagers()
            killed = stack.kill_taskmanager(stack.taskmanagers.index(runs_it), signal.SIGKILL)
            stack.add_taskmanager()
            assert not alive(killed)
            wait_restored(job, known)

    events = events_of(job, "f2")
    numbers = exercise(job, events, messages(events), kill, counters_last=False).numbers
    evidence("F2 kill -9 five times", {**numbers, "restored": restored(job) - before})


def test_a_taskmanager_that_was_given_up_comes_back_and_changes_nothing(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F5: stopped for 40 s, longer than it is waited for; another one goes on, its late writes are refused."""
    job = jobs.with_subtasks(1)
    stack, before = job.stack, restored(job)

    def suspend() -> None:
        stack.add_taskmanager()
        stack.rest.wait_checkpoints(job.job_id, 1)
        (zombie,) = job.taskmanagers()
        assert send(zombie, signal.SIGSTOP)
        try:
            stopped = time.monotonic()
            wait_restored(job, before)
            time.sleep(max(0.0, stopped + _STOPPED_S - time.monotonic()))
        finally:
            send(zombie, signal.SIGCONT)
        assert zombie not in job.taskmanagers()

    events = events_of(job, "f5")
    numbers = exercise(job, events, messages(events), suspend, counters_last=False).numbers
    evidence("F5 TaskManager stopped 40 s", {**numbers, "restored": restored(job) - before})


def test_a_dead_redis_is_waited_out(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F7: Redis is gone for 60 s and comes back with its data; the job waits or restarts, it never fails."""
    job = jobs.with_subtasks(1)
    before = restored(job)

    def away() -> None:
        job.stack.stop_redis(empty=False)
        time.sleep(_REDIS_AWAY_S)
        job.stack.start_redis()
        job.stack.rest.wait_running(job.job_id)

    events = events_of(job, "f7")
    numbers = exercise(job, events, messages(events), away, counters_last=False).numbers
    evidence("F7 Redis dead 60 s", {**numbers, "restored": restored(job) - before})


def test_a_full_redis_blocks_and_drops_nothing(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F9: at `maxmemory` writes are retried and counted; once there is room all of them are there."""
    job = jobs.with_subtasks(1)
    client = redis.Redis.from_url(job.stack.redis_url)
    retries = job.metrics()["redis_retry"]

    def fill() -> None:
        job.drain()
        client.config_set("maxmemory", 1)
        try:
            job.command(Republish(job.command_id()))
            job.oracle.republish()
            wait_until("writes are retried", lambda: job.metrics()["redis_retry"] > retries)
        finally:
            client.config_set("maxmemory", 0)
        job.wait_lists()

    events = events_of(job, "f9")
    numbers = exercise(job, events, messages(events), fill, counters_last=False).numbers
    client.close()
    evidence("F9 Redis full", numbers)


def test_seven_encoders_that_are_no_good_change_nothing(jobs: Jobs, evidence: Evidence, tmp_path: Path) -> None:
    """Contract F22: each is refused and counted while the old one serves on, without a restart."""
    job = jobs.with_subtasks(1)
    before, reasons = restored(job), []

    def order_each() -> None:
        for name, order in bad_encoders(tmp_path).items():
            refused = job.metrics()["model_refused"]
            job.command(order)
            wait_until(f"{name} is refused", partial(more_refused, job, refused))
            reasons.append(name)

    events = events_of(job, "f22")
    numbers = exercise(job, events, messages(events), order_each, counters_last=False).numbers
    assert restored(job) == before
    evidence("F22 bad encoders", {**numbers, "refused": reasons})


def more_refused(job: LiveJob, than: float) -> bool:
    return job.metrics()["model_refused"] > than


def bad_encoders(root: Path) -> dict[str, LoadModel]:
    """Orders for copies of a good encoder, each spoilt in another way."""

    def copy(name: str) -> Path:
        shutil.copytree(ENCODERS / "demo-2", root / name)
        return root / name

    def order(folder: Path, **changes: object) -> LoadModel:
        change_manifest(folder, **changes)
        found = json.loads((folder / "manifest.json").read_text())
        return LoadModel(found["version"], str(folder), found["sha256"])

    good = verify(ENCODERS / "demo-2")
    whole = (ENCODERS / "demo-2" / MODEL).read_bytes()
    truncated, rubbish, unreadable = copy("truncated"), copy("rubbish"), copy("unreadable")
    (truncated / MODEL).write_bytes(whole[:-1000])
    (rubbish / MODEL).write_bytes(b"rubbish")
    (unreadable / "manifest.json").write_text("{")
    return {
        "truncated": order(truncated),
        "no encoder at all": order(rubbish, sha256=hashlib.sha256(b"rubbish").hexdigest()),
        "a manifest that is no JSON": LoadModel(good.version, str(unreadable), good.sha256),
        "another hash than ordered": LoadModel(good.version, str(copy("hash")), "0" * 64),
        "another version than ordered": LoadModel(good.version + 7, str(copy("version")), good.sha256),
        "another size of state": order(copy("size"), hidden=good.hidden * 2),
        "nothing there": LoadModel(good.version, str(root / "nowhere"), good.sha256),
    }


def test_a_killed_broker_comes_back_with_all_that_it_acknowledged(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F11: the broker is killed and back after 20 s; every acknowledged event counts once."""
    job = jobs.with_subtasks(1)
    before = restored(job)

    def away() -> None:
        job.stack.kill_kafka()
        time.sleep(_KAFKA_AWAY_S)
        job.stack.start_kafka()
        job.stack.rest.wait_running(job.job_id)

    events = events_of(job, "f11")
    numbers = exercise(job, events, messages(events), away, counters_last=False).numbers
    evidence("F11 Kafka killed 20 s", {**numbers, "restored": restored(job) - before})


def test_checkpoints_that_cannot_be_written_stop_nothing(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F29: a checkpoint fails, the job runs on, and checkpoints go on once they can be written."""
    job = jobs.with_subtasks(1)
    rest, before = job.stack.rest, restored(job)
    folder = job.stack.root / "checkpoints" / job.job_id
    assert folder.is_dir()

    def unwritable() -> None:
        failed = rest.checkpoints(job.job_id).failed
        aside = folder.rename(folder.with_name(f"{job.job_id}-aside"))
        folder.touch()  # a file where a folder should be: root may write everywhere else
        try:
            wait_until("a checkpoint fails", lambda: rest.checkpoints(job.job_id).failed > failed)
        finally:
            folder.unlink()
            aside.rename(folder)
        rest.wait_checkpoints(job.job_id, 1)

    events = events_of(job, "f29")
    numbers = exercise(job, events, messages(events), unwritable, counters_last=False).numbers
    assert rest.all_running(job.job_id)
    evidence("F29 checkpoints unwritable", {**numbers, "restored": restored(job) - before})


def test_other_numbers_of_subtasks_change_nothing(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F31: from 1 subtask to 2 and back, each time from a savepoint under way; lists and sums are equal."""
    job = jobs.with_subtasks(1)
    while len(job.stack.taskmanagers) < 2:
        job.stack.add_taskmanager()
    worked = []

    def rescale() -> None:
        for subtasks in (2, 1):
            job.rescale(subtasks)
            worked.append(len(job.taskmanagers()))

    events = events_of(job, "f31")
    numbers = exercise(job, events, messages(events), rescale, counters_last=False).numbers
    assert worked == [2, 1]
    evidence("F31 1, 2, 1 subtasks", {**numbers, "taskmanagers": worked})
