"""Contract: what a cluster loses is found again: a JobManager, a slot, what Kafka refused, events of wrong times."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.partitioner.default import murmur2

from tests.support.exercise import events_of, exercise
from tests.support.traffic import Scenario, make_events, messages
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.schemas.errors import Reason
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, Event, EventType
from tideline.scripts.commands.submit import main as submit_as_operator
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.core.users.user_state import HISTORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.conftest import Jobs
    from tests.support.live import LiveJob

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_SLOT_AWAY_S = 20.0


def restored(job: LiveJob) -> int:
    return job.stack.rest.checkpoints(job.job_id).restored


def submit_by_command(job: LiveJob, *begin: str) -> int:
    """Run scripts/submit as an operator would, with the next epoch, and return its exit status.

    The job has its id if it was taken.
    """
    job.oracle.epoch += 1
    job.options |= {"epoch": str(job.oracle.epoch)}
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


def test_a_record_that_kafka_refuses_ends_no_job(jobs: Jobs, evidence: Evidence, tmp_path: Path) -> None:
    """Contract I1: while `decisions` takes nothing TaskManagers end and `scripts/stack watch` replaces them."""
    job = jobs.with_subtasks(1)
    stack, before, said = job.stack, restored(job), tmp_path / "watch.log"
    command = [sys.executable, "-m", "tideline.scripts.commands.tideline", "stack", "watch", "--name", stack.name]

    def refuse() -> None:
        with said.open("w") as log, subprocess.Popen(command, cwd=REPOSITORY, stderr=log) as watch:
            wait_until("a TaskManager was replaced", lambda: "was replaced" in said.read_text(), state=said.read_text)
            most_bytes(job, 1024 * 1024)
            wait_until("the job is restored", lambda: restored(job) > before)
            stack.rest.wait_running(job.job_id)
            watch.send_signal(signal.SIGINT)
            assert watch.wait(PATIENCE_S) == 0
        stack.look_again()

    events = events_of(job, "i1")
    most_bytes(job, 1)
    numbers = exercise(job, events, messages(events), refuse, counters_last=False).numbers
    replaced = said.read_text().count("was replaced")
    evidence("I1 Kafka refuses decisions", {**numbers, "replaced": replaced, "restored": restored(job) - before})


def most_bytes(job: LiveJob, size: int) -> None:
    """Let the decisions' topic take records up to this size."""
    admin = KafkaAdminClient(bootstrap_servers=job.stack.kafka_bootstrap)
    changed = {"max.message.bytes": str(size)}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, job.topics.decisions, changed)])
    admin.close()


def test_what_is_far_too_old_or_far_ahead_changes_nothing(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F18: 1 % older than all that is kept is late, one a year ahead a dead letter; a partition is silent."""
    job = jobs.with_subtasks(1)
    now_ms = int(time.time() * 1000)
    activities = tuple(job.oracle.ranker.offers.activities.values())
    made = make_events(Scenario(18, 100, 10_000, activities, job.token_keys, now_ms - 6 * _HOUR_MS, "f18"))
    silent = partition_of(made[0].user_id)
    events = [event for event in made if partition_of(event.user_id) != silent]
    numbers = exercise(job, events, messages(events)).numbers
    organic = Counter(event.user_id for event in events if event.type < FIRST_ACTIVITY_TYPE)
    busiest = [user for user, count in organic.most_common(len(events) // 100) if count > HISTORY]
    assert len(busiest) > len(events) // 200
    old = [view(user, now_ms - 30 * _DAY_MS) for user in busiest]
    ahead = view(busiest[0], now_ms + 365 * _DAY_MS)
    late, counted = job.oracle.accounted()["late"], job.metrics()["late"]
    letters = len(job.read(job.topics.dead_letters))
    job.produce(messages([*old, ahead]))
    job.drain()
    assert job.oracle.accounted()["late"] - late == len(old)
    wait_until("the job counts what is late", lambda: job.metrics()["late"] - counted == len(old), state=job.metrics)
    dead = wait_until("there is a dead letter", lambda: job.read(job.topics.dead_letters)[letters:])
    assert [dict(each.headers)["reason"] for each in dead] == [Reason.FUTURE.encode()]
    again = make_events(Scenario(19, 200, 10_000, activities, job.token_keys, now_ms - 6 * _HOUR_MS, "f18b"))
    after = exercise(job, again, messages(again)).numbers
    evidence("F18 far too old, far ahead, a silent partition", {**numbers, "late": len(old), "after": after})


def test_a_state_is_asked_for_by_path_and_given_up_by_name(
    jobs: Jobs, evidence: Evidence, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: `-s PATH` goes on from a savepoint; without it the command refuses; `--fresh` begins anew."""
    job = jobs.with_subtasks(1)
    savepoint = job.stack.rest.savepoint(job.job_id, cancel=True)
    job.stack.rest.wait_state(job.job_id, ["CANCELED"])
    assert submit_by_command(job) == 1
    assert "Give --latest, -s PATH, or --fresh" in capsys.readouterr().err
    assert submit_by_command(job, "-s", savepoint) == 0
    assert restored(job) == 1
    events = events_of(job, "path")
    numbers = exercise(job, events, messages(events), counters_last=False).numbers
    job.stack.rest.cancel(job.job_id)
    assert submit_by_command(job, "--fresh") == 0
    assert restored(job) == 0
    job.stack.rest.cancel(job.job_id)
    evidence("scripts/submit -s PATH, then --fresh", numbers)


def partition_of(user: str) -> int:
    """Where a record of the user goes, of four."""
    return int(murmur2(user.encode()) & 0x7FFFFFFF) % 4


def view(user: str, at_ms: int) -> Event:
    return Event(f"{user}.{at_ms}", user, EventType.VIEW, at_ms, item_id="item-3", category="CHEESE")
