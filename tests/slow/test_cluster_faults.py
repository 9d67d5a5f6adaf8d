"""Contract: what a cluster loses is found again: its JobManager, the only slot."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from scripts.submit import main as submit_as_operator
from tests.support.exercise import events_of, exercise
from tests.support.traffic import messages
from tests.support.waiting import PATIENCE_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.conftest import Jobs
    from tests.support.live import LiveJob

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_SLOT_AWAY_S = 20.0


def restored(job: LiveJob) -> int:
    return job.stack.rest.checkpoints(job.job_id).restored


def submit_by_command(job: LiveJob, *begin: str) -> int:
    """Run scripts/submit as an operator would and return its exit status; the job has its id if it was taken."""
    options = [part for key, value in job.options.items() for part in (f"--{key.replace('_', '-')}", value)]
    job.stack.rest.wait_slots(job.config.parallelism, PATIENCE_S)
    status = submit_as_operator(["live", "--stack", job.stack.name, *begin, *options])
    if not status:
        job.job_id = job.stack.rest.job_id(job.options["name"])
    return status


def test_a_job_whose_jobmanager_died_goes_on_from_its_last_checkpoint(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F4: without high availability the job is gone; `scripts/submit live --latest` goes on where it was."""
    job = jobs.with_subtasks(1)

    def kill() -> None:
        job.stack.rest.wait_checkpoints(job.job_id, 2)
        job.stack.replace_jobmanager()
        assert job.stack.rest.jobs() == {}
        assert submit_by_command(job, "--latest") == 0

    events = events_of(job, "f4")
    numbers = exercise(job, events, messages(events), kill, counters_last=False).numbers
    assert restored(job) == 1
    evidence("F4 kill -9 JobManager, submitted with --latest", {**numbers, "restored": restored(job)})


def test_a_slot_that_comes_back_later_is_waited_for(jobs: Jobs, evidence: Evidence) -> None:
    """Contract I7: a TaskManager is killed and the next one comes 20 s later: one restart, not one for each try."""
    job = jobs.with_subtasks(1)
    stack, before = job.stack, restored(job)

    def kill() -> None:
        stack.rest.wait_checkpoints(job.job_id, 2)
        while stack.taskmanagers:
            stack.kill_taskmanager()
        time.sleep(_SLOT_AWAY_S)
        stack.add_taskmanager()
        wait_until("the job is restored", lambda: restored(job) > before)
        stack.rest.wait_running(job.job_id)

    events = events_of(job, "i7")
    numbers = exercise(job, events, messages(events), kill, counters_last=False).numbers
    assert restored(job) == before + 1
    failures = stack.rest.get(f"/jobs/{job.job_id}/exceptions")
    assert "NoResourceAvailable" not in str(failures)
    evidence("I7 no TaskManager for 20 s", {**numbers, "restored": restored(job) - before})
