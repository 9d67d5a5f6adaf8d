"""Contract: a backfill leaves the state of live processing of the same events, and live events go on from it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.traffic import Scenario, make_activities, make_events, messages
from tideline.scripts.benchmarks.live.saved_states import saved_states
from tideline.scripts.commands import backfill
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile

if TYPE_CHECKING:
    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_a_past_is_taken_in_without_lists_and_live_events_behind_it_count_once(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: the savepoint's states are the plain-Python oracle's byte for byte, no list is there before the end.

    What is learned from the past's tokens and every list after the end are those of a job that was always live, and
    that had been told before what the shop says of its users.
    """
    job = LiveJob(stack, f"past{os.getpid()}")
    activities = make_activities(60, int(time.time() * 1000))
    job.put_activities(activities)
    began_ms = int(time.time() * 1000) - 4 * 3_600_000
    events = make_events(Scenario(5, 300, 6_000, activities, job.token_keys, began_ms))
    past = 2 * len(events) // 3
    job.produce(messages(events[:past]))
    job.produce_to(job.topics.profiles, _profiles({event.user_id for event in events}, began_ms - 1))
    while len(stack.taskmanagers) < 2:  # the session's own job may run on the first
        stack.add_taskmanager()

    found = backfill.backfill(stack, job.options)

    assert found["records"] == past
    assert f"all of {past:,} records" in capsys.readouterr().err
    assert job.all_lists() == {}
    job.oracle.tell(job.read(job.topics.profiles))
    job.oracle.apply_by_user(job.recorded())
    check_equal(job.oracle.states, saved_states(found["savepoint"]))

    job.produce(messages(events[past:]))
    job.job_id = backfill.go_live(stack, job.options, found["savepoint"])
    job.oracle.epoch += 1
    job.oracle.apply_by_user(job.recorded())
    job.oracle.republish()
    job.settle()
    check_equal(job.oracle.lists, job.all_lists())
    check_equal(job.oracle.states, saved_states(stack.rest.stop(job.job_id)))


def _profiles(users: set[str], ts_ms: int) -> list[tuple[bytes | None, bytes | None]]:
    """Of every third user what he has agreed to, of some to nothing."""
    consents = (Consent(learn=False), Consent(personalise=False), Consent(personalise=False, learn=False))
    profiles = [
        Profile(user, ts_ms, {"tier": "gold"}, consent=consents[at % 3]) for at, user in enumerate(sorted(users)[::3])
    ]
    return [(each.user_id.encode(), encode_profile(each)) for each in profiles]


def test_a_backfill_of_nothing_is_refused_before_anything_runs(
    job: LiveJob, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: exit status 1 with what to do; an empty clickstream has no past."""
    empty = LiveJob(job.stack, f"{job.tag}-empty")
    before = job.stack.rest.jobs().keys()
    flags = [
        part for key in ("name", "group_id", "topics") for part in (f"--{key.replace('_', '-')}", empty.options[key])
    ]

    assert backfill.main(["--stack", job.stack.name, *flags]) == 1

    assert f"topic {empty.topics.clickstream} holds no record" in capsys.readouterr().err
    assert job.stack.rest.jobs().keys() == before
