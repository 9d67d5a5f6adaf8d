"""Contract: a running job tells each user's push once, in his own hours, whatever TaskManager dies."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.live import LiveJob
from tests.support.traffic import messages
from tests.support.waiting import wait_until
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile
from tideline.udfs.core.push.push_record import PushRecord, decode_push
from tideline.udfs.core.push.push_user import push_id
from tideline.udfs.core.push.sending import held_out
from tideline.udfs.settings.rank_settings import rank_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]

_MINUTE_MS, _DAY_MS = 60_000, 86_400_000
AWAKE = [f"awake{number}" for number in range(400)]
ASLEEP = [f"asleep{number}" for number in range(80)]
NOWHERE = [f"nowhere{number}" for number in range(80)]
SILENT = [f"silent{number}" for number in range(40)]


def now() -> int:
    """Return the present."""
    return time.time_ns() // 1_000_000


@pytest.fixture
def shop(stack: Stack) -> Iterator[LiveJob]:
    """A job that may send in the next five minutes that are a bucket, by the clocks of each user."""
    opens = (now() + 90_000) // (5 * _MINUTE_MS) + 1
    times = [time.strftime("%H:%M", time.gmtime(each * 300)) for each in (opens, opens + 1)]
    push = {
        "week": 7,
        "zones": ["UTC", "Asia/Kolkata"],
        "hours": [["all", times[0], times[1].replace("00:00", "24:00")]],
    }
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    job = LiveJob(stack, f"push{os.getpid()}", parallelism="2", push=json.dumps(push))
    about = [Activity(f"m{at}", "push", f"Message {at}", now() - _DAY_MS, now() + _DAY_MS) for at in range(3)]
    job.put_activities([*about, Activity("c", "coupon", "Coupon", now() - _DAY_MS, now() + _DAY_MS)])
    job.start()
    yield job
    stack.rest.cancel(job.job_id)


def told(job: LiveJob) -> list[PushRecord]:
    """Return all that was told so far."""
    return [decode_push(each.value or b"") for each in job.read(job.topics.push)]


def test_each_user_is_told_once_in_his_hours_over_a_killed_taskmanager(shop: LiveJob, evidence: Evidence) -> None:
    """Contract: who sleeps, has no zone or did not agree is told nothing; a restore tells the same ids again."""
    profiles = [Profile(user, now(), time_zone="UTC", consent=Consent(push=True)) for user in AWAKE]
    profiles += [Profile(user, now(), time_zone="Europe/Berlin", consent=Consent(push=True)) for user in ASLEEP]
    profiles += [Profile(user, now(), consent=Consent(push=True)) for user in NOWHERE]
    shop.produce_to(shop.topics.profiles, [(each.user_id.encode(), encode_profile(each)) for each in profiles])
    wait_until("profiles are read", lambda: shop.metrics().get("profiles", 0) == len(profiles))
    everybody = [*AWAKE, *ASLEEP, *NOWHERE, *SILENT]
    events = [Event(f"v.{user}", user, EventType.VIEW, now(), "item-1", "tea") for user in everybody]
    shop.produce(messages(events))
    restored = shop.stack.rest.checkpoints(shop.job_id).restored
    wait_until("the first pushes", lambda: bool(told(shop)), within_s=480)
    before = len(told(shop))
    shop.stack.kill_taskmanager(0, signal.SIGKILL)
    shop.stack.add_taskmanager()
    wait_until("the job is restored", lambda: shop.stack.rest.checkpoints(shop.job_id).restored > restored)
    shop.stack.rest.wait_running(shop.job_id)
    day = now() // _DAY_MS
    held = held_out(hashes64(AWAKE), rank_settings(shop.config).salt).tolist()
    expected = {push_id(user, day, 0) for user, out in zip(AWAKE, held, strict=True) if not out}
    wait_until("everybody is told of", lambda: {each.push_id for each in told(shop)} >= expected, within_s=180)
    records = told(shop)
    assert {each.push_id for each in records} == expected
    assert {each.user_id for each in records} <= set(AWAKE)
    assert all(each.due_ms <= each.told_ms < each.expires_ms <= each.due_ms + 5 * _MINUTE_MS for each in records)
    ways = {(each.push_id, each.sent, each.activity_id) for each in records}
    assert len(ways) == len(expected)
    times = Counter(each.push_id for each in records)
    evidence(
        "P1 kill -9 TaskManager while pushes are told",
        {"users": len(expected), "told_before": before, "records": len(records), "most_of_one": max(times.values())},
    )
