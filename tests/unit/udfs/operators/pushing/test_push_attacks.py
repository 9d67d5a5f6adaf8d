"""Pushes in the ranker under operators, visitors and outages that nobody wishes for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.support.core_world import activity, make_ranker
from tests.support.push_job import DAY_MS, HOUR_MS, MIDNIGHT_MS, MINUTE_MS, PushJob, push_world, shard_of
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.push.push_record import PushRecord
from tideline.udfs.core.push.push_user import push_id
from tideline.udfs.core.push.sending import held_out

USERS = [f"u{number}" for number in range(60)]


def begun() -> PushJob:
    """Return a job whose users came by at seven and agreed to messages then."""
    job = PushJob(push_world(), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)
    job.visit(USERS)
    job.agree(USERS)
    return job


def pushed_to() -> set[str]:
    """Return who is not held out for good."""
    held = held_out(hashes64(USERS), push_world().settings.salt).tolist()
    return {user for user, out in zip(USERS, held, strict=True) if not out}


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
