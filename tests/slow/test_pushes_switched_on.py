"""Contract: with messages switched on, users are given their times who were there before and say nothing."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.live import LiveJob
from tests.support.push_log import DAY_MS, now_ms
from tests.support.traffic import messages
from tests.support.waiting import wait_until
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]

AGREED, OTHERS = [f"agreed{number}" for number in range(900)], [f"other{number}" for number in range(300)]
_A_TURN_S = 60.0
"""Longer than a subtask takes for all its shards, one after the other, ten seconds each at most."""
_PUSH = json.dumps({"week": 7, "zones": ["UTC"]})


def viewed(job: LiveJob, users: list[str]) -> None:
    """Let users look at something now."""
    job.produce(messages([Event(f"v.{now_ms()}", user, EventType.VIEW, now_ms(), "item-1", "tea") for user in users]))


def go_on(job: LiveJob, **options: str) -> None:
    """Stop the job and go on from its state, with other options."""
    savepoint = job.stack.rest.savepoint(job.job_id, cancel=True)
    job.stack.rest.wait_state(job.job_id, ["CANCELED"])
    job.go_on(savepoint, **options)


def taken_in(job: LiveJob) -> float:
    """Return how many users were given a time since the start."""
    return job.metrics().get("pushes_taken_in", 0.0)


def test_silent_users_are_taken_in_when_messages_are_switched_on_and_not_again_at_the_next_start(
    stack: Stack, evidence: Evidence
) -> None:
    """Contract: all of them who agreed, from a savepoint without pushes; from one with, nobody waits for nothing."""
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    job = LiveJob(stack, f"pushon{os.getpid()}", parallelism="2")
    start, end = now_ms() - DAY_MS, now_ms() + 9 * DAY_MS
    job.put_activities([Activity("m", "push", "Message", start, end), Activity("c", "coupon", "Coupon", start, end)])
    job.start()
    profiles = [Profile(user, now_ms(), consent=Consent(push=True)) for user in AGREED]
    job.produce_to(job.topics.profiles, [(each.user_id.encode(), encode_profile(each)) for each in profiles])
    viewed(job, OTHERS)
    wait_until("profiles are read", lambda: job.metrics().get("profiles", 0) == len(AGREED))
    wait_until("lists are made", lambda: len(job.lists(OTHERS)) == len(OTHERS))
    go_on(job, push=_PUSH)
    viewed(job, OTHERS)
    wait_until("users are taken in", lambda: taken_in(job) == len(AGREED), within_s=120)
    go_on(job)
    viewed(job, OTHERS)
    wait_until("they are read", lambda: job.metrics().get("records", 0) >= len(OTHERS))
    time.sleep(_A_TURN_S)
    assert taken_in(job) == 0
    stack.rest.cancel(job.job_id)
    evidence("P4 messages switched on over silent users", {"users": len(AGREED), "others": len(OTHERS)})
