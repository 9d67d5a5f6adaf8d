"""Who has said nothing since messages are: he is given a time all the same."""

from __future__ import annotations

import pytest

from tests.support.push_job import DAY_MS, HOUR_MS, MIDNIGHT_MS, MINUTE_MS, USERS, PushJob, push_world, pushed_to
from tests.support.push_job import shard_of as shard_of_user
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.pushing.part.former_part import parted
from tideline.udfs.core.pushing.part.push_part import decode_part
from tideline.udfs.operators.pushing.silent_users import SilentUsers

AGREED = USERS[:40]


def before(now_ms: int = MIDNIGHT_MS + 7 * HOUR_MS) -> PushJob:
    """Return a job without messages whose users came by at seven; most agreed to messages."""
    job = PushJob(push_world(None), now_ms=now_ms)
    job.visit(USERS)
    job.agree(AGREED)
    job.agree(USERS[40:], push=False)
    return job


def switched_on(job: PushJob, now_ms: int) -> PushJob:
    """Return the job that goes on from its state with messages; somebody else comes by in each shard."""
    found = PushJob(push_world(), job.saved(), now_ms)
    found.visit(["x", "y", "z"])
    assert {shard_of_user(each) for each in "xyz"} == {0, 1, 2}
    assert found.fire() == []
    return found


def test_shards_are_gone_through_one_after_the_other_each_once() -> None:
    """Contract: some users at a time; another shard waits for its turn, an empty one is over at once."""
    users = {7: [f"u{number}" for number in range(600)], 8: ["a"], 9: list[str]()}
    silent = SilentUsers()
    found = [silent.part(shard, users.__getitem__) for shard in (7, 8, 7, 8, 7, 7, 8, 9, 8, 9)]
    assert [len(each) for each in found] == [250, 0, 250, 0, 100, 0, 1, 0, 0, 0]
    assert [user for each in (found[0], found[2], found[4]) for user in each] == users[7]
    assert not any(map(silent.wants, users))
    assert silent.wants(10)


@pytest.mark.parametrize("hour", [8, 15, 22])
def test_who_was_there_before_is_told_from_the_day_after_on(hour: int) -> None:
    """Contract: without an event or a profile of his; whoever has not agreed costs no byte."""
    job = switched_on(before(), MIDNIGHT_MS + hour * HOUR_MS)
    assert job.counts["pushes_taken_in"] == len(AGREED)
    first = job.until(MIDNIGHT_MS + DAY_MS)
    assert not {each.user_id for each in first} & set(USERS)
    told = job.until(MIDNIGHT_MS + 2 * DAY_MS)
    assert {each.user_id for each in told} == pushed_to() & set(AGREED)
    assert all(not parted(job.state(user))[0] for user in USERS[40:])


def test_a_restore_that_comes_to_them_later_gives_them_the_same_time() -> None:
    """Contract: so the same ids are told, and none of another day beside them."""
    kept = before()
    early, late = (switched_on(kept, MIDNIGHT_MS + hour * HOUR_MS) for hour in (8, 21))
    days = [each.until(MIDNIGHT_MS + DAY_MS) for each in (early, late)]
    assert days == [[], []]
    told = [each.until(MIDNIGHT_MS + 3 * DAY_MS) for each in (early, late)]
    first, second = [sorted((each.push_id, each.due_ms) for each in some) for some in told]
    assert first == second
    assert len(first) > 60


def test_who_waits_already_keeps_his_time() -> None:
    """Contract: each start goes through all, and moves and writes nothing of them."""
    job = PushJob(push_world(), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)
    job.visit(USERS)
    job.agree(USERS)
    again = PushJob(job.ranker, job.saved(), job.now_ms + MINUTE_MS)
    states = [again.state(user) for user in USERS]
    again.visit(["x", "y", "z"])
    again.fire()
    assert not any(map(again.pushes._silent.wants, range(3)))
    assert [again.state(user) for user in USERS] == states
    assert not again.counts["pushes_taken_in"]


def test_who_came_while_messages_were_off_is_taken_in_when_they_are_on_again() -> None:
    """Contract: what is known of him from before stands, his caps too."""
    on = PushJob(push_world(read_push('{"week": 1, "zones": ["UTC"]}')), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)
    on.visit(AGREED[:20])
    on.agree(AGREED[:20])
    sent = {each.user_id for each in on.until(MIDNIGHT_MS + DAY_MS) if each.sent}
    off = PushJob(push_world(None), on.saved(), MIDNIGHT_MS + DAY_MS)
    off.visit(AGREED)
    off.agree(AGREED)
    assert off.until(MIDNIGHT_MS + 2 * DAY_MS) == []
    again = PushJob(on.ranker, off.saved(), off.now_ms)
    again.visit(["x", "y", "z"])
    again.fire()
    told = again.until(MIDNIGHT_MS + 4 * DAY_MS)
    users = {each.user_id for each in told}
    assert users & set(AGREED[20:]) == pushed_to() & set(AGREED[20:])
    assert not users & sent
    assert all(decode_part(parted(again.state(user))[0]).user.due for user in AGREED)
