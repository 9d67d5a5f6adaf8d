"""Limits in a running job: they are used up, activities leave every list, and a restart changes nothing of it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.equality import check_equal
from tests.support.running_job import running_job
from tests.support.scenes import now_ms, view
from tests.support.traffic import Message
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.budgets.spending_stop import MAX_LEASE_MS, MIN_LEASE_MS
from tideline.udfs.core.budgets.standing import Standing, decode_standing
from tideline.udfs.core.catalogue.activity import Activity, encode_activity
from tideline.udfs.core.policies.arm_key import decode_ledger_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.live import LiveJob
    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_CAP, _READERS, _RATE_S, _AT_ONCE = 500, 3_000, 100, 10
USERS = [f"budget-{number}" for number in range(40)]
SEEN_MS = now_ms() - 2 * _HOUR_MS


def activities() -> list[Activity]:
    """With a budget of 20 conversions, owed impressions, to be shown once to each user in all; some without any."""
    start, end = now_ms() - _DAY_MS, now_ms() + 10 * _DAY_MS
    plain = [Activity(f"b{number}", "coupon", "of a test", start, end) for number in range(6)]
    limited = [replace(plain[0], budget=20.0, cost=1.0), replace(plain[1], exposure_floor=0.1)]
    return [*limited, plain[2], replace(plain[3], total_cap=len(USERS)), *plain[4:]]


def converted(job: LiveJob, users: list[str], name: str, at_ms: int) -> list[Message]:
    """Impressions of all that is on the users' lists, and a conversion of one activity by each."""
    found = []
    for user, payload in job.lists(users).items():
        shown = json.loads(payload)
        for position, activity_id in enumerate(shown["i"]):
            kinds = [EventType.IMPRESSION, *([EventType.CONVERSION] if activity_id == name else [])]
            for kind in kinds:
                event = Event(f"{user}.{kind}.{position}", user, kind, at_ms, activity_id=activity_id,
                              token=shown["k"], position=position)  # fmt: skip
                found.append(Message(user.encode(), encode_event(event)))
    return found


def seen(job: LiveJob, users: list[str], name: str, at_ms: int) -> list[Message]:
    """An impression of one activity by each of the users whose list has it."""
    found = []
    for user, payload in job.lists(users).items():
        shown = json.loads(payload)
        if name in shown["i"]:
            place = shown["i"].index(name)
            event = Event(f"{user}.seen", user, EventType.IMPRESSION, at_ms, activity_id=name, token=shown["k"],
                          position=place)  # fmt: skip
            found.append(Message(user.encode(), encode_event(event)))
    return found


def standing(job: LiveJob, name: str) -> Standing:
    found = [
        decode_standing(each.value or b"", 0)
        for each in job.read(job.topics.policy)
        if decode_ledger_key(each.key) is not None
    ]
    return dict(found)[name]._replace(epoch=0)


def on_list(job: LiveJob, user: str) -> list[str]:
    """The list of a user who comes by now."""
    job.produce([view(user, now_ms())])
    job.drain()
    return list(json.loads(job.lists([user])[user])["i"])


@pytest.fixture
def job(stack: Stack) -> Iterator[LiveJob]:
    """A job that has ranked everybody; cancelled at the end."""
    with running_job(stack, "bu", activities()) as running:
        running.produce([view(user, SEEN_MS) for user in USERS])
        running.drain()
        running.publish()
        yield running


def test_a_spent_budget_leaves_every_list_and_outlives_a_restart(job: LiveJob) -> None:
    """Contract: ledger and lists are the oracle's to the bit, before and after a savepoint; raised, it is back."""
    assert job.stops() in (None, [])
    job.produce(converted(job, USERS, "b0", SEEN_MS + 1000))
    wait_until("readers are told of the stop", lambda: job.stops() == ["b0", "b3"])
    job.lose_stops()
    job.drain()
    job.publish()
    job.republish()
    check_equal(job.oracle.lists, job.all_lists())
    wait_until("a lost stop list is back with the order to republish", lambda: job.stops() == ["b0", "b3"])
    assert not {"b0", "b3"} & set(on_list(job, "late"))
    assert not [user for user, payload in job.all_lists().items() if {"b0", "b3"} & set(json.loads(payload)["i"])]
    before = standing(job, "b0")
    assert before.stopped
    assert before.spent_cents >= 2_000
    assert standing(job, "b3").impressions == len(USERS)

    savepoint = job.stack.rest.savepoint(job.job_id, cancel=True)
    job.stack.rest.wait_state(job.job_id, ["CANCELED"])
    job.go_on(savepoint, epoch="2")
    job.publish()
    assert standing(job, "b0") == before
    assert "b0" not in on_list(job, "later")
    _bring_back(job)


def _bring_back(job: LiveJob) -> None:
    """Raise the limits, pause and go on, take the budget away: readers are told of each."""
    limited = replace(activities()[0], budget=2000.0, starts_ms=1_700_000_000_000)
    job.put_activities([limited, replace(activities()[3], total_cap=10 * len(USERS))])
    wait_until("readers are told that it is back", lambda: job.stops() == [])
    wait_until("and until when older lists go on with it", lambda: job.leases().keys() == {"b0", "b3"})
    least = (SEEN_MS + MIN_LEASE_MS) // 60_000
    assert all(least <= minute <= least + MAX_LEASE_MS // 60_000 for minute in job.leases().values())
    wait_until("it is on lists again", lambda: "b0" in on_list(job, f"again-{now_ms()}"))

    job.produce_to(job.topics.activities, [(b"b2", encode_activity(replace(activities()[2], status="paused")))])
    wait_until("readers are told what is paused", lambda: job.stops() == ["b2"])
    job.put_activities([activities()[2]])
    wait_until("and that it goes on", lambda: job.stops() == [])
    job.put_activities([replace(limited, budget=0.0)])
    wait_until("a budget of nothing stops at once", lambda: job.stops() == ["b0"])


@pytest.mark.parametrize("is_killed", [False, True], ids=["undisturbed", "killed once"])
def test_a_total_cap_ends_what_readers_show(stack: Stack, is_killed: bool) -> None:
    """Contract: at 100 impressions a second, by a frontend that looks at the stop list at each of them.

    Also of a job whose TaskManager dies below the cap: it comes back with every impression that was shown meanwhile.
    """
    capped = [replace(activities()[3], total_cap=_CAP), *activities()[4:]]
    with running_job(stack, f"tc{is_killed:d}", capped, publish_ms="2000") as job, ThreadPoolExecutor(1) as aside:
        users = [f"reader-{number}" for number in range(_READERS)]
        job.produce([view(user, now_ms()) for user in users])
        job.drain()
        shown, killed_ms = [0.0], 0
        began = time.monotonic()
        while len(shown) <= _READERS and job.stops() in (None, []):
            few = users[len(shown) - 1 :][:_AT_ONCE]
            job.produce(seen(job, few, "b3", now_ms()))
            shown += [time.monotonic() - began] * len(few)
            if is_killed and not killed_ms and len(shown) > _CAP // 2:
                killed_ms = now_ms()
                replacing = aside.submit(_replace_taskmanager, job)
            time.sleep(max(began + len(shown) / _RATE_S - time.monotonic(), 0.0))
        beyond = len(shown) - 1 - _CAP
        rate_s = _CAP / shown[_CAP]
        print(f"{beyond} beyond the cap at {rate_s:.0f}/s, {shown[-1] - shown[_CAP]:.2f} s behind it")
        wait_until("readers are told of the stop", lambda: job.stops() == ["b3"])
        job.drain()
        job.publish()
        assert standing(job, "b3").impressions == len(shown) - 1, "every one is counted, once"
        if killed_ms:
            replacing.result()
            began_ms = max(each["start-time"] for each in stack.rest.get(f"/jobs/{job.job_id}")["vertices"])
            print(f"down for {(began_ms - killed_ms) / 1000:.2f} s")


def _replace_taskmanager(job: LiveJob) -> None:
    job.stack.kill_taskmanager(job.stack.taskmanagers.index(job.taskmanagers()[0]))
    job.stack.add_taskmanager()
