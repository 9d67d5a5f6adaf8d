"""Contract: an experiment starts, is told apart in the decision log and ends, on the running job."""

from __future__ import annotations

import json
import time
from collections import Counter

import pytest

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.traffic import Message
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.scripts.commands.experiment import main
from tideline.udfs.core.policies.arm_key import decode_row_key
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import decode_row

pytestmark = [pytest.mark.integration, pytest.mark.slow]

USERS = [f"trial-{at}" for at in range(80)]


def view_all(job: LiveJob, number: int) -> None:
    now_ms = int(time.time() * 1000)
    events = [Event(f"{user}.{number}", user, EventType.VIEW, now_ms, category="BEEF") for user in USERS]
    job.produce([Message(event.user_id.encode(), encode_event(event)) for event in events])
    job.drain()


def show_all(job: LiveJob, number: int) -> None:
    """Report the first entry of everybody's list as shown."""
    now_ms = int(time.time() * 1000)
    lists = {user: json.loads(payload) for user, payload in job.lists(USERS).items()}
    events = [
        Event(f"{user}.{number}", user, EventType.IMPRESSION, now_ms, activity_id=found["i"][0], token=found["k"],
              position=0)
        for user, found in lists.items()
    ]  # fmt: skip
    job.produce([Message(event.user_id.encode(), encode_event(event)) for event in events])
    job.drain()


def arms(job: LiveJob, experiment: str) -> Counter[str]:
    """Shown entries of an experiment by arm, from the decision log."""
    records = [DECISION.decode(record.value) for record in job.read(job.topics.decisions) if record.value]
    return Counter(each["arm"] for each in records if each["experiment"] == experiment)


def regressions(job: LiveJob, since: int = 0) -> set[str]:
    """How rows of the policy topic were solved, from an offset on."""
    records = [record for record in job.read(job.topics.policy) if record.value and record.offset >= since]
    rows = [record for record in records if decode_row_key(record.key)]
    return {decode_row(record.value, record.offset)[1].regression for record in rows if record.value}


def command(job: LiveJob, *arguments: str) -> None:
    applied = job.metrics()["control_applied"]
    target = ("--stack", job.stack.name, f"--suffix=-{job.tag}")
    assert main([*arguments, *target]) == 0
    wait_until("the command is carried out", lambda: job.metrics()["control_applied"] > applied)


def test_an_experiment_starts_is_logged_and_ends_without_a_restart(job: LiveJob) -> None:
    """Contract: shares as ordered, arm and policy in each decision; after the end everybody has the baseline.

    An arm that learns otherwise than the deployment has rows of its own, solved from the same sums, while it runs.
    """
    hybrid = make_policy("linucb_hybrid")
    command(job, "start", "--id", "spring", "--arm", "calm=pairs:alpha=0:0.3", "--arm", "wild=linucb_hybrid:0.2")
    view_all(job, 1)
    show_all(job, 2)
    wait_until("all decisions are logged", lambda: sum(arms(job, "spring").values()) == len(USERS))
    found = arms(job, "spring")
    assert found.keys() == {"baseline", "calm", "wild"}
    assert found["baseline"] > found["wild"]
    wait_until("both ways are published", lambda: regressions(job) == {"", hybrid.regression.name})
    command(job, "stop", "--id", "spring")
    job.settle()
    ended = job.read(job.topics.policy)[-1].offset + 1
    view_all(job, 3)
    show_all(job, 4)
    wait_until("what was shown is learned", lambda: regressions(job, ended) == {""})
    assert sum(arms(job, "spring").values()) == len(USERS)
    job.settle()
    check_equal(job.oracle.lists, job.all_lists())
    assert job.stack.rest.checkpoints(job.job_id).restored == 0
