"""Contract: batches that waited while nothing could be written are lost by no kill, rescaling or large record."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.exercise import events_of, exercise
from tests.support.live import LiveJob
from tests.support.slow_link import SlowLink
from tests.support.stacks import light
from tests.support.traffic import Message, interleave, make_activities, messages
from tests.support.waiting import wait_until
from tideline.schemas.errors import Reason
from tideline.scripts.localstack.paths import FLINK_CONF
from tideline.scripts.localstack.resume import newest_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.oracle import Recorded
    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_DELAY_S, _BYTES_PER_S = 0.2, 250_000.0
_LARGE, _LARGE_BYTES = 24, 1_000_000
_UNALIGNED = """
execution.checkpointing.unaligned.enabled: true
execution.checkpointing.unaligned.max-subtasks-per-channel-state-file: 1
"""


def _restored(job: LiveJob) -> int:
    return job.stack.rest.checkpoints(job.job_id).restored


def _headers(letter: Recorded) -> dict[str, bytes]:
    return dict(letter.headers)


def _kill(job: LiveJob) -> None:
    """Kill the TaskManager that works, with a new one in its place, behind a checkpoint of its own."""
    stack, known = job.stack, _restored(job)
    stack.rest.wait_checkpoints(job.job_id, 1)
    (runs_it,) = job.taskmanagers()
    stack.kill_taskmanager(stack.taskmanagers.index(runs_it), signal.SIGKILL)
    stack.add_taskmanager()
    wait_until("the job is restored", lambda: _restored(job) > known)
    stack.rest.wait_running(job.job_id)


def _go_on_with(job: LiveJob, subtasks: int) -> int:
    """Cancel the job behind a checkpoint and go on from that, not from a savepoint.

    Returns how many bytes the checkpoint holds of what was on its way.
    """
    rest = job.stack.rest
    rest.wait_checkpoints(job.job_id, 1)
    rest.cancel(job.job_id)
    newest = rest.get(f"/jobs/{job.job_id}/checkpoints")["latest"]["completed"]
    rest.wait_state(job.job_id, ["CANCELED"])
    state, _ = newest_state(job.stack.root, job.config.name)
    job.go_on(state, parallelism=str(subtasks))
    assert _restored(job) == 1
    return int(newest["persisted_data"])


def test_what_waits_for_a_slow_redis_outlives_a_kill_two_rescalings_and_large_records(
    stack: Stack, tmp_path: Path, evidence: Evidence
) -> None:
    """Contract F2, F31 under full back-pressure: unaligned checkpoints, 1,024 shards, records of 1 MB between others.

    A batch is gathered for all shards of a subtask (decision 0035): one that is on its way when a checkpoint is made
    may never be handed to a subtask that does not have its shards.
    """
    settings = tmp_path / "config.yaml"
    settings.write_text((FLINK_CONF / "config.test.yaml").read_text() + _UNALIGNED)
    own = light(f"{stack.name}-full", stack, settings, taskmanagers=2)
    port = urlsplit(stack.redis_url).port
    assert port
    with own, SlowLink(port) as link:
        url = f"redis://127.0.0.1:{link.port}/0"
        job = LiveJob(own, f"full-{os.getpid()}", redis_url=url, shards="1024")
        job.put_activities(make_activities(60, int(time.time() * 1000)))
        job.start()
        under_way: list[int] = []

        def press() -> None:
            _kill(job)
            under_way.extend(_go_on_with(job, subtasks) for subtasks in (2, 1))
            link.mend()

        events = events_of(job, "full")
        large = [Message(event.user_id.encode(), b"\1" * _LARGE_BYTES) for event in events[:_LARGE]]
        sent = interleave(messages(events), large, 22)
        link.spoil(_DELAY_S, _BYTES_PER_S)
        seen = exercise(job, events, sent, press, counters_last=False)
        assert all(under_way), under_way
        # What was read again is refused again: a letter is known by where its record lay.
        refused = {
            (head["source_partition"], head["source_offset"], head["reason"]) for head in map(_headers, seen.dead)
        }
        assert [reason for _, _, reason in refused] == [Reason.TOO_LARGE.encode()] * _LARGE
        evidence("F2, F31 behind a slow Redis", {**seen.numbers, "bytes_under_way": under_way})
