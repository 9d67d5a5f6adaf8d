"""Contract: a backfill whose TaskManager is killed leaves the states of an undisturbed one, and goes on by itself."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.equality import check_equal
from tests.support.live import ENCODERS, LiveJob
from tests.support.running_job import make_room
from tests.support.traffic import Scenario, make_activities, make_events, messages
from tideline.scripts.benchmarks.live.saved_states import saved_states
from tideline.scripts.commands.backfill import main
from tideline.scripts.commands.submit import submit, token_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_EVENTS, _USERS = 120_000, 2_000


def test_a_backfill_that_is_killed_in_the_middle_leaves_every_state_byte_for_byte(
    stack: Stack, evidence: Evidence, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract F32: `kill -9` behind its first checkpoint; states are the oracle's, whose run knew neither.

    Submitted by hand and watched by its name, as on a cluster of one's own.
    """
    job = LiveJob(stack, f"fill{os.getpid()}")
    activities = make_activities(60, int(time.time() * 1000))
    job.put_activities(activities)
    began_ms = int(time.time() * 1000) - 6 * 3_600_000
    events = make_events(Scenario(3, _USERS, _EVENTS, activities, job.token_keys, began_ms))
    half = len(events) // 2
    job.produce(messages(events[:half]))
    make_room(stack)

    job.job_id = submit(stack, "backfill", job.options)
    monkeypatch.setenv("TIDELINE_REDIS_URL", stack.redis_url)
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", json.dumps(token_keys(stack)))
    options = {"bootstrap": stack.kafka_bootstrap, "encoder": str(ENCODERS / "demo-1"), **job.options}
    flags = [part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)]
    stack.rest.wait_running(job.job_id)
    stack.rest.wait_checkpoints(job.job_id, 1)
    read = sum(stack.rest.positions(job.job_id, job.topics.clickstream).values())
    hit = [process.name for process in stack.taskmanagers].index(job.taskmanagers()[0].name)
    stack.kill_taskmanager(hit, signal.SIGKILL)
    stack.add_taskmanager()
    job.produce(messages(events[half:]))  # however fast it reads, it was killed in the middle
    assert main(["--flink", stack.flink_rest_url, *flags]) == 0
    found = json.loads(capsys.readouterr().out)

    restored = stack.rest.checkpoints(job.job_id).restored
    job.oracle.apply_by_user(job.recorded())
    states = saved_states(found["savepoint"])
    check_equal(job.oracle.states, states)
    assert restored >= 1
    assert job.all_lists() == {}
    evidence(
        "F32 backfill killed", {"events": found["records"], "read": read, "restored": restored, "users": len(states)}
    )
