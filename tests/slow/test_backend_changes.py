"""Contract: users move from the heap to RocksDB and back with a canonical savepoint, and nobody notices."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.exercise import events_of, exercise
from tests.support.live import LiveJob
from tests.support.stacks import light
from tests.support.traffic import make_activities, messages
from tests.support.waiting import wait_until
from tideline.scripts.commands.submit import token_keys
from tideline.scripts.localstack.paths import FLINK_CONF

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def _moved(job: LiveJob, to: Stack) -> None:
    """Stop the job with a savepoint, which Flink's REST interface makes canonical, and go on on another cluster."""
    savepoint = job.stack.rest.savepoint(job.job_id, cancel=True)
    job.stack.rest.wait_state(job.job_id, ["CANCELED"])
    token_keys(to, job.stack)
    job.stack = to
    job.go_on(savepoint)


def _backend_of(job: LiveJob) -> str:
    """Return the class that the newest checkpoint of a job says holds its states."""
    config = job.stack.rest.get(f"/jobs/{job.job_id}/checkpoints/config")
    return str(config["state_backend"])


def test_a_job_goes_on_in_the_other_backend_and_back_and_outlives_a_kill_between(
    stack: Stack, tmp_path: Path, evidence: Evidence
) -> None:
    """Contract of docs/operate.md: lists and sums are those of a run in which nothing happened.

    In RocksDB a checkpoint holds what changed since the one before; from such a one the job is restored.
    """
    settings = tmp_path / "config.yaml"
    texts = [(FLINK_CONF / name).read_text() for name in ("config.test.yaml", "rocksdb.yaml")]
    settings.write_text("\n".join(texts))
    with light(f"{stack.name}-heap", stack) as heap, light(f"{stack.name}-rocksdb", stack, settings) as rocksdb:
        job = LiveJob(heap, f"backends-{os.getpid()}")
        job.put_activities(make_activities(60, int(time.time() * 1000)))
        job.start()
        backends = [_backend_of(job)]

        def move() -> None:
            _moved(job, rocksdb)
            backends.append(_backend_of(job))
            rocksdb.rest.wait_checkpoints(job.job_id, 2)
            rocksdb.kill_taskmanager(0, signal.SIGKILL)
            rocksdb.add_taskmanager()
            wait_until("the job is restored", lambda: rocksdb.rest.checkpoints(job.job_id).restored > 1)
            rocksdb.rest.wait_running(job.job_id)
            _moved(job, heap)
            backends.append(_backend_of(job))

        events = events_of(job, "backends")
        seen = exercise(job, events, messages(events), move, counters_last=False)
        evidence("users moved to RocksDB and back", {**seen.numbers, "backends": backends})
        heap.rest.cancel(job.job_id)
    assert [name.removesuffix("StateBackend") for name in backends] == ["HashMap", "EmbeddedRocksDB", "HashMap"]
