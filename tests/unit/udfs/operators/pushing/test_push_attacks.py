"""Pushes in the ranker under operators, visitors and outages that nobody wishes for."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.support.core_world import activity, make_ranker
from tests.support.push_job import (
    DAY_MS,
    HOUR_MS,
    MIDNIGHT_MS,
    MINUTE_MS,
    SETTINGS,
    USERS,
    PushJob,
    begun,
    push_world,
    pushed_to,
    shard_of,
)
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.lists.list_block import decode_block
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.push.push_record import PushRecord, decode_push
from tideline.udfs.core.push.push_user import push_id
from tideline.udfs.core.pushing.part.former_part import parted
from tideline.udfs.core.pushing.part.push_part import decode_part


def test_who_waited_while_pushes_were_off_is_due_again_once_they_are_on() -> None:
    """Contract: timers that came while they were off are gone; whoever of a shard comes by wakes all of it."""
    on = begun()
    off = PushJob(push_world(None), on.saved(), on.now_ms + DAY_MS)
    for at_ms, shard in sorted(off.timers):
        off.timers.discard((at_ms, shard))
        assert list(off.pushes.work_off(shard, off.ranker, off)) == []
    assert not off.timers
    again = PushJob(push_world(), off.saved(), off.now_ms + HOUR_MS)
    again.visit({shard_of(user): user for user in USERS}.values())
    told = [each for hour in range(9, 48) for each in again.until(MIDNIGHT_MS + DAY_MS + hour * HOUR_MS)]
    assert {each.user_id for each in told} == pushed_to()


def test_nothing_is_held_of_users_between_two_batches() -> None:
    """Contract: neither of stale entries of the wheel, nor of users who are none and pushes that never were."""
    job = begun()
    job.see(*(Event(f"19000-0-{at}", f"no{at}", EventType.PUSH_FAILED, job.now_ms) for at in range(50)))
    job.see(*(Event(push_id(f"no{at}", 19_000, 0), f"no{at}", EventType.VIEW, job.now_ms, "i") for at in range(50)))
    job.now_ms += MINUTE_MS
    job.agree(USERS, "Asia/Tokyo")  # the hour of all is another one, and stays in the bucket of before
    for day in range(2):
        job.visit(USERS)
        job.until(MIDNIGHT_MS + (day + 1) * DAY_MS)
    assert (job.users.parts._parts, job.users.parts._marks) == ({}, {})


def test_a_subtask_rests_as_long_as_it_worked_off_users_who_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: whichever shard's turn it is, so that behind an outage lists wait for one chunk and not for all."""
    job = begun()
    job.now_ms = MIDNIGHT_MS + 15 * HOUR_MS
    job.visit(["clock"])
    decide = job.pushes._decide

    def slowly(*given: Any) -> Any:
        job.now_ms += 40
        return decide(*given)

    monkeypatch.setattr(job.pushes, "_decide", slowly)
    begins_ms, worked = job.now_ms, list[int]()
    while len(worked) < 3:
        waiting = job.counts.total()
        list(job.pushes.work_off(len(worked), job.ranker, job))
        if job.counts.total() > waiting:
            worked.append(job.now_ms - begins_ms)
        else:
            job.now_ms += 1
    assert worked == [40, 120, 200]


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata")
CHANGES = ("2022-03-13", "2022-03-27", "2022-04-03", "2022-10-02", "2022-10-30", "2022-11-06")
"""Of the clocks of those zones in 2022."""


def year() -> PushJob:
    """Return a job whose audience lives in four zones, and what is pushed is open for two years."""
    table = {"week": 14, "zones": ["Europe/Berlin", "Asia/Kolkata"], "hours": [["all", "09:00", "20:00"]]}
    open_ = {"starts_ms": MIDNIGHT_MS - 300 * DAY_MS, "ends_ms": MIDNIGHT_MS + 500 * DAY_MS}
    return PushJob(make_ranker([activity("p1", kind="push", **open_)], push=read_push(table)))


def is_allowed(zone: str | None, at_ms: int) -> bool:
    """Return whether a user of a zone, None for none, may be sent a message at a moment."""
    zones = ("Europe/Berlin", "Asia/Kolkata") if zone is None else (zone,)
    return all(9 <= datetime.fromtimestamp(at_ms / 1000, ZoneInfo(each)).hour < 20 for each in zones)


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_of_clocks_no_move_and_no_outage_tells_anybody_in_quiet_hours_or_twice(change: str) -> None:
    """Contract: by the clocks that the user has then, to the last moment at which it may be sent; one id a day."""
    job, random = year(), np.random.default_rng(int(change[-2:]))
    job.now_ms = begins_ms = round(datetime.fromisoformat(f"{change}T00:00+00:00").timestamp() * 1000) - 3 * DAY_MS
    users, zone_of, told = USERS[:16], dict[str, str | None](), list[PushRecord]()
    job.visit(users)
    while job.now_ms < begins_ms + 7 * DAY_MS:
        moved = [user for user in users if user not in zone_of or random.random() < 0.05]
        for user in moved:
            zone_of[user] = (*ZONES, None)[random.integers(5)]
            job.agree([user], zone_of[user])
        if random.random() < 0.05:
            job.now_ms += int(random.integers(1, 30)) * HOUR_MS
        some = job.until(job.now_ms + int(random.integers(10, 240)) * MINUTE_MS)
        assert all(is_allowed(zone_of[each.user_id], each.told_ms) for each in some)
        assert all(is_allowed(zone_of[each.user_id], each.expires_ms - 1) for each in some)
        assert all(each.due_ms <= each.told_ms < each.expires_ms <= each.due_ms + 2 * HOUR_MS for each in some)
        told += some
    assert len(told) > 40
    assert len({each.push_id for each in told}) == len(told)


@pytest.mark.parametrize("behind_h", [1, 8])
def test_a_job_that_is_behind_takes_nothing_for_sent_that_is_over(
    behind_h: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: it fires by the time of its events, and looks at the machine's clock for what is still to be sent."""
    job, behind_ms = begun(), behind_h * HOUR_MS
    monkeypatch.setattr(job, "current_processing_time", lambda: job.now_ms + behind_ms)
    told = list[PushRecord]()
    for _ in range(14 * 12):
        job.now_ms += 5 * MINUTE_MS
        job.visit(["clock"])
        for shard in [*range(3)] * 8:
            for row in job.pushes.work_off(shard, job.ranker, job):
                told += [decode_push(value) for value in decode_block(row[8]).payloads]
    used = sum(bool(decode_part(parted(job.state(user))[0]).user.pushes) for user in USERS)
    assert used == sum(each.sent for each in told)
    assert all(each.told_ms < each.expires_ms for each in told)
    assert all(each.due_ms + behind_ms - MINUTE_MS <= each.told_ms for each in told)
    assert len(told) > 40 if behind_h == 1 else not told
    assert job.counts["pushes_quiet"] == len(USERS) - (len(told) + job.counts["pushes_held_out"])


def test_nobody_is_told_of_what_is_over_where_everything_is() -> None:
    """Contract: a catalogue without any activity to come is no clock that is ahead."""
    before = begun()
    over = activity("p1", kind="push", starts_ms=MIDNIGHT_MS - DAY_MS, ends_ms=MIDNIGHT_MS + 12 * HOUR_MS)
    job = PushJob(make_ranker([over], push=SETTINGS), before.saved(), before.now_ms)
    told = job.until(MIDNIGHT_MS + DAY_MS)
    assert len(told) > 5
    assert all(each.told_ms < each.expires_ms <= over.ends_ms for each in told)
    assert job.counts["pushes_nothing"] > 20


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"kinds": ("coupon",)}, "pushes_nothing"),
        ({"hours": (("all", "03:00", "05:00"),)}, "pushes_quiet"),
        ({"zones": ("Pacific/Auckland", "UTC", "America/New_York")}, "pushes_quiet"),
    ],
)
def test_what_an_operator_takes_away_between_bucket_and_decision_is_not_told(changed: dict[str, Any], why: str) -> None:
    """Contract: settings of the moment of decision count, also for who waits by others."""
    before = begun()
    open_ = {"starts_ms": MIDNIGHT_MS - DAY_MS, "ends_ms": MIDNIGHT_MS + 30 * DAY_MS}
    ranker = make_ranker([activity("p1", kind="push", **open_)], push=SETTINGS._replace(**changed))
    job = PushJob(ranker, before.saved(), before.now_ms)
    assert job.until(MIDNIGHT_MS + 20 * HOUR_MS) == []
    assert job.counts[why] == len(USERS)


def test_whoever_tells_of_failures_gains_no_more_than_a_message_a_day_and_few_bytes() -> None:
    """Contract: of pushes to come, of other users and of no form at all too, however often; and few bytes."""
    week = SETTINGS._replace(week=2)
    job, told = PushJob(push_world(week), now_ms=MIDNIGHT_MS + 7 * HOUR_MS), list[PushRecord]()
    job.visit(USERS[:9])
    job.agree(USERS[:9])
    kept = job.state("u2")
    odd = [push_id("u1", 19_000, 0), "-", "19000--", "\u0663-0-x", "019000-0-x", "99999-99-x"]
    job.see(*(Event(each, "u2", EventType.PUSH_FAILED, job.now_ms) for each in odd))
    assert job.state("u2") == kept
    for day in range(14):
        job.now_ms = MIDNIGHT_MS + day * DAY_MS + 8 * HOUR_MS
        named = [push_id("u1", 19_000 + day + ahead, number) for ahead in range(-3, 20) for number in range(3)]
        job.see(*(Event(each, "u1", EventType.PUSH_FAILED, job.now_ms) for each in named))
        told += job.until(MIDNIGHT_MS + (day + 1) * DAY_MS)
    by_day = Counter((each.user_id, each.due_ms // DAY_MS) for each in told if each.sent)
    assert max(by_day.values()) == 1
    assert sum(count for (user, _), count in by_day.items() if user != "u1") <= 4 * 8
    assert len(parted(job.state("u1"))[0]) < 500
