"""Contract: of two live jobs on one set of topics one learns, whoever was started by mistake, and says so."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.exercise import events_of, exercise
from tests.support.live import LiveJob
from tests.support.scenes import scenario
from tests.support.traffic import make_activities, messages
from tests.support.waiting import wait_until
from tideline.scripts.commands.submit import refuse_epoch, submit
from tideline.scripts.localstack import StackError
from tideline.udfs.core.control.control import PublishPolicy
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey, decode_row_key
from tideline.udfs.core.policies.fence import epoch_of, is_claim
from tideline.udfs.core.policies.policy_table import decode_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.conftest import Jobs
    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_BOTH_S = 60.0


def ended(job: LiveJob, job_id: str, *words: str) -> float:
    """Wait until a job has FAILED with a message of these words; return how long that took."""
    began = time.monotonic()
    assert job.stack.rest.wait_state(job_id, ["FAILED"]) == "FAILED"
    message = job.stack.rest.root_exception(job_id)
    for word in words:
        assert word in message, message
    return round(time.monotonic() - began, 1)


def refused_before_submission(job: LiveJob, epoch: int) -> None:
    """The command line says what the job would."""
    with pytest.raises(StackError, match=rf"epoch={epoch} .*{epoch + 1} or higher"):
        refuse_epoch(job.config, restored=True, may_begin=True)


def read_last_epoch(job: LiveJob) -> int:
    """Return the epoch of the last row of the policy."""
    return epoch_of([record.value for record in job.read(job.topics.policy) if record.value is not None][-1])


def fallen(job: LiveJob) -> list[str]:
    """Return the activities whose impressions ever fell in what rankers go by."""
    epoch, most, found = 0, dict[ArmKey, float](), list[str]()
    for record in job.read(job.topics.policy):
        if record.value is None or decode_row_key(record.key) is None:
            continue
        name, row = decode_row(record.value, record.offset)
        if row.epoch < epoch or name == PRIOR_ID:
            continue
        epoch, key = row.epoch, ArmKey(row.encoder, name)
        if row.impressions < most.get(key, 0.0):
            found.append(key.text)
        most[key] = row.impressions
    return found


def test_of_two_live_jobs_one_learns_and_the_other_ends(jobs: Jobs, evidence: Evidence) -> None:
    """Contract F30: one without state is refused, one from state takes over, the one it replaced may not
    come back, and another from the same savepoint with the same epoch ends."""
    job = jobs.with_subtasks(1)
    stack, numbers = job.stack, dict[str, object]()
    stack.add_taskmanager()
    first = int(job.options["epoch"])

    def twice() -> None:
        live = job.job_id
        began = time.monotonic()
        mistake = submit(stack, "live", job.options | {"group_id": f"{job.tag}-x", "epoch": str(first + 1)})
        numbers["without_state_ended_s"] = ended(job, mistake, "without_state", "--latest")
        same = submit(stack, "live", job.options | {"group_id": f"{job.tag}-y", "without_state": "begin"})
        numbers["same_epoch_ended_s"] = ended(job, same, f"epoch={first}", f"{first + 1} or higher")
        refused_before_submission(job, first)
        time.sleep(max(0.0, began + _BOTH_S - time.monotonic()))
        assert stack.rest.all_running(live)
        job.drain()
        job.wait_learned()
        savepoint = stack.rest.savepoint(live)
        job.go_on(savepoint, epoch=str(first + 2))
        job.command(PublishPolicy(job.command_id()))
        wait_until("it has published", lambda: read_last_epoch(job) == first + 2)
        twin = submit(stack, "live", job.options | {"group_id": f"{job.tag}-z"}, savepoint)
        stack.rest.wait_state(twin, ["RUNNING", "FAILED"])
        job.command(PublishPolicy(job.command_id()))  # both obey
        numbers["twin_ended_s"] = ended(job, twin, f"epoch={first + 2}", f"{first + 3} or higher")
        numbers["replaced_ended_s"] = ended(job, live, "submitted later", "--latest")
        former = submit(stack, "live", job.options | {"epoch": str(first)}, savepoint)
        numbers["former_ended_s"] = ended(job, former, f"epoch={first}", f"{first + 2} or higher")

    events = events_of(job, "f30")
    seen = exercise(job, events, messages(events), twice, counters_last=False).numbers
    assert stack.rest.all_running(job.job_id)
    lower = fallen(job)
    assert not lower, lower[:3]
    evidence("F30 two live jobs", {**seen, **numbers, "impressions_fallen": len(lower)})


def test_of_two_jobs_with_one_epoch_and_no_row_yet_the_one_that_started_first_ends(
    stack: Stack, evidence: Evidence
) -> None:
    """Contract: nobody has told either of a click; the other one goes on and learns."""
    for _ in range(2):
        stack.add_taskmanager()
    job = LiveJob(stack, f"twins{os.getpid()}")
    job.put_activities(make_activities(40, int(time.time() * 1000)))
    job.start()
    first, epoch = job.job_id, int(job.options["epoch"])
    wait_until("it has claimed", lambda: job.read(job.topics.policy))
    assert all(is_claim(each.key) for each in job.read(job.topics.policy))
    job.job_id = submit(stack, "live", job.options)
    seconds = ended(job, first, f"epoch={epoch}", f"{epoch + 1} or higher", job.job_id)
    stack.rest.wait_running(job.job_id)
    job.produce(messages(scenario(job, 1, "p", events=500, users=60)))
    job.drain()
    job.wait_learned()
    assert stack.rest.all_running(job.job_id)
    stack.rest.cancel(job.job_id)
    evidence("F30 two live jobs with one epoch", {"former_ended_s": seconds})
