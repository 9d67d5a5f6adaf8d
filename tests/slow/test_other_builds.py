"""Contract: another build goes on from a savepoint whose formats it reads; one that does not says so once."""

from __future__ import annotations

import re
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.equality import check_equal
from tests.support.exercise import events_of, exercise
from tests.support.live import LiveJob
from tests.support.stacks import light
from tests.support.traffic import make_activities, messages
from tests.support.waiting import wait_until
from tideline.scripts.localstack import StackError
from tideline.udfs.core.users.user_state import STATE_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

_BUILD = re.compile(r"ranking with encoder .*, build ([0-9a-f]{12})")
pytestmark = [pytest.mark.fault, pytest.mark.slow]


@pytest.fixture
def own(stack: Stack) -> Iterator[Stack]:
    """A stack whose packaged job the test may change; Kafka and Redis are those of all tests."""
    with light(f"{stack.name}-builds", stack) as running:
        yield running


def _package(stack: Stack) -> Path:
    (found,) = (stack.root / "job").rglob("user_state.py")
    return found


@contextmanager
def _built(stack: Stack, change: Callable[[str], str]) -> Iterator[None]:
    """Let whoever starts work from now on be of a build with one file changed, and of the former one at the end."""
    path = _package(stack)
    former = path.read_text()
    changed = change(former)
    assert changed != former
    path.write_text(changed)
    _new_worker(stack)
    yield
    path.write_text(former)
    _new_worker(stack)


def _new_worker(stack: Stack) -> None:
    stack.kill_taskmanager(0, signal.SIGTERM)
    stack.add_taskmanager()


def _stopped(job: LiveJob) -> str:
    savepoint = job.stack.rest.savepoint(job.job_id, cancel=True)
    job.stack.rest.wait_state(job.job_id, ["CANCELED"])
    return savepoint


def test_a_build_with_the_same_formats_goes_on_and_one_with_others_leaves_all_to_the_former(
    own: Stack, evidence: Evidence
) -> None:
    """Contract of docs/upgrades.md, on a cluster: lists and sums as if nothing had been; a refusal is one line.

    The other builds are this one with a line more, and with another number in its users' states.
    """
    job = LiveJob(own, "builds")
    job.put_activities(make_activities(60, int(time.time() * 1000)))
    job.start()
    build = _build_of(job)

    def upgrade() -> None:
        savepoint = _stopped(job)
        with _built(own, lambda code: f"{code}\n# of the next build\n"):
            job.go_on(savepoint)
            assert _build_of(job) != build
            savepoint = _stopped(job)
        job.go_on(savepoint)

    events = events_of(job, "builds", 1)
    numbers = exercise(job, events, messages(events), upgrade, counters_last=False).numbers
    evidence("savepoint of another build", numbers)

    savepoint = _stopped(job)
    number = re.compile(rf"^STATE_VERSION = {STATE_VERSION}$", re.MULTILINE)
    with _built(own, lambda code: number.sub(f"STATE_VERSION = {STATE_VERSION + 1}", code)):
        with pytest.raises(StackError, match="FAILED"):
            job.go_on(savepoint)  # and nobody sends anything
        cause = wait_until("its cause is told", lambda: own.rest.root_exception(job.job_id))
        refused = f"state='user state of version {STATE_VERSION}' cannot be used; allowed: version {STATE_VERSION + 1}"
        assert refused in cause
        assert own.rest.checkpoints(job.job_id).restored == 1, "it was started again"
    job.go_on(savepoint)
    job.produce(messages(events_of(job, "next", 2)))
    job.drain()
    job.settle()
    check_equal(job.oracle.lists, job.all_lists())
    evidence("state of another format", {"lists_equal": len(job.oracle.lists), "refused": refused})


def _build_of(job: LiveJob) -> str:
    """Return the build that the running job's worker has said it is."""
    (worker,) = job.taskmanagers()
    said = wait_until("the ranker has started", lambda: _BUILD.findall(worker.log.read_text(errors="replace")))
    return str(said[-1])
