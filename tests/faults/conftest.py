"""One stack and one job at a time for all fault tests, and their evidence as one JSON line each."""

from __future__ import annotations

import json
import os
import time
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.support.live import LiveJob
from tests.support.traffic import make_activities

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.scripts.localstack import Stack

_numbers = count()


class Jobs:
    """Hands out a running job with so many subtasks: the one that runs, if it is of that kind, else a new one."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._running: LiveJob | None = None

    def with_subtasks(self, parallelism: int) -> LiveJob:
        """Return it; another job that runs is cancelled, for it holds the TaskManagers."""
        job = self._running
        if job and self._stack.job_status(job.job_id) == "RUNNING":
            if job.config.parallelism == parallelism:
                return job
            self._stack.rest.cancel(job.job_id)
        while len(self._stack.taskmanagers) < parallelism:
            self._stack.add_taskmanager()
        self._running = job = LiveJob(self._stack, f"f{os.getpid()}-{next(_numbers)}", parallelism=str(parallelism))
        job.put_activities(make_activities(60, int(time.time() * 1000)))
        job.start()
        return job


@pytest.fixture(scope="session")
def jobs(stack: Stack) -> Jobs:
    """The jobs of the session."""
    return Jobs(stack)


@pytest.fixture
def evidence(capsys: pytest.CaptureFixture[str]) -> Callable[[str, dict[str, object]], None]:
    """Prints what a fault test has seen, past pytest's capture."""

    def show(fault: str, seen: dict[str, object]) -> None:
        with capsys.disabled():
            print("\n" + json.dumps({"fault": fault, **seen}))

    return show
