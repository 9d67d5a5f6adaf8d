"""Pushes in the ranker: who is told of when, once, over restores, and nothing where there are none."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

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
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.push.learned.push_feedback import PUSH_FEEDBACK, gather_push_rows
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.push.push_record import PushRecord
from tideline.udfs.core.push.push_user import push_id
from tideline.udfs.core.push.send_hours import SLOT
from tideline.udfs.core.pushing.part.former_part import parted
from tideline.udfs.core.pushing.part.push_part import PUSH_MARK, decode_part

DAY = MIDNIGHT_MS // DAY_MS


def test_each_user_has_one_decision_point_a_day_in_the_bucket_he_waits_for() -> None:
    """Contract: told within five minutes of when it was due, inside the hours, under the id of user, day and number."""
    job = begun()
    told = job.until(MIDNIGHT_MS + 2 * DAY_MS)
    assert Counter(each.push_id for each in told) == Counter(
        push_id(user, day, 0) for user in pushed_to() for day in (DAY, DAY + 1)
    )
    late = [each.told_ms - each.due_ms for each in told]
    assert (min(late), max(late) < SLOT * MINUTE_MS) == (0, True)
    assert {(each.due_ms - MIDNIGHT_MS) % DAY_MS // HOUR_MS for each in told} <= set(range(9, 20))
    assert {each.activity_id for each in told} <= {"p1", "p2"}
    assert {each.chance for each in told} == {128}
    assert job.counts["pushes_sent"] + job.counts["pushes_withheld"] == len(told)
    assert min(job.counts["pushes_sent"], job.counts["pushes_withheld"]) > len(told) / 3


def test_quiet_hours_are_by_the_clocks_of_each_user() -> None:
    """Contract: who names no zone has those of the audience."""
    job = begun()
    job.agree(USERS[:20], "Asia/Tokyo")
    job.agree(USERS[20:40], "America/New_York")
    told = job.until(MIDNIGHT_MS + 3 * DAY_MS)
    hours = {"Asia/Tokyo": 9, "America/New_York": -4, "UTC": 0}  # in January 2022 New York is five behind
    hours["America/New_York"] = -5
    for zone, some in zip(hours, (USERS[:20], USERS[20:40], USERS[40:]), strict=True):
        local = [(each.told_ms // HOUR_MS + hours[zone]) % 24 for each in told if each.user_id in some]
        assert len(local) > 20
        assert all(9 <= hour < 20 for hour in local)


@pytest.mark.parametrize("seed", range(3))
def test_a_restore_tells_the_same_again_and_nothing_else(seed: int) -> None:
    """Contract: whatever was told since the checkpoint is, byte for byte but for when; nobody is told of otherwise."""
    random = np.random.default_rng(seed)
    calm = begun()
    expected = calm.until(MIDNIGHT_MS + DAY_MS)
    job, told = begun(), list[PushRecord]()
    for hour in range(8, 25, 2):
        kept, since = job.saved(), job.now_ms
        told += job.until(min(since + int(random.integers(1, 120)) * MINUTE_MS, MIDNIGHT_MS + DAY_MS))
        job = PushJob(job.ranker, kept, since)
        told += job.until(MIDNIGHT_MS + hour * HOUR_MS)
    assert len(told) > len(expected)
    assert {each._replace(told_ms=0) for each in told} == {each._replace(told_ms=0) for each in expected}


def test_who_does_not_agree_costs_no_byte_and_is_told_nothing() -> None:
    """Contract: only users with consent have anything in front of their states; withdrawn, they are told no more."""
    job = begun()
    job.visit(["nobody"])
    assert job.state(USERS[0])[0] == PUSH_MARK
    assert job.state("nobody")[0] != PUSH_MARK
    job.now_ms += MINUTE_MS
    job.agree(USERS[:30], push=False)
    told = job.until(MIDNIGHT_MS + DAY_MS)
    assert told
    assert not {each.user_id for each in told} & set(USERS[:30])
    assert decode_part(parted(job.state(USERS[0]))[0]).user.due == 0


def test_without_settings_states_are_as_ever_and_a_part_of_before_stays_in_front() -> None:
    """Contract: switched off, nobody is told anything and nothing that was known is lost."""
    on, off = begun(), PushJob(push_world(None), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)
    off.visit(USERS)
    off.agree(USERS)
    assert [off.state(user) for user in USERS] == [parted(on.state(user))[1] for user in USERS]
    assert not off.timers
    part = parted(on.state(USERS[0]))[0]
    later = PushJob(push_world(None), on.saved(), on.now_ms + HOUR_MS)
    later.visit(USERS)
    assert parted(later.state(USERS[0]))[0] == part
    assert later.until(MIDNIGHT_MS + DAY_MS) == []


def test_who_is_erased_has_nothing_in_front_and_is_told_nothing() -> None:
    """Contract: his entry in the wheel counts no more."""
    job = begun()
    job.now_ms += MINUTE_MS
    job.see(erase_order(USERS[0], job.now_ms, job.ranker.settings.keys))
    assert len(job.state(USERS[0])) == 9
    assert USERS[0] not in {each.user_id for each in job.until(MIDNIGHT_MS + DAY_MS)}


def test_what_waited_through_an_outage_is_told_of_or_over_but_never_late() -> None:
    """Contract: two hours behind its bucket, or in quiet hours, a push is none; the next day has its own."""
    job = begun()
    job.now_ms = MIDNIGHT_MS + 15 * HOUR_MS
    told = job.until(MIDNIGHT_MS + DAY_MS)
    assert {each.user_id for each in told} < pushed_to()
    assert all(each.told_ms - each.due_ms < 2 * HOUR_MS and each.told_ms < each.expires_ms for each in told)
    assert job.counts["pushes_quiet"] > 5
    assert {each.user_id for each in job.until(MIDNIGHT_MS + 2 * DAY_MS)} == pushed_to()


def test_a_topic_that_is_silent_does_not_hold_pushes_up() -> None:
    """Contract: after a minute without a record the machine's clock goes on, a minute behind."""
    job = begun()
    told = list[PushRecord]()
    while job.now_ms < MIDNIGHT_MS + DAY_MS:
        job.now_ms += MINUTE_MS
        told += job.fire()
    assert {each.user_id for each in told} == pushed_to()
    assert max(each.told_ms - each.due_ms for each in told) < SLOT * MINUTE_MS


def test_a_job_that_is_behind_decides_by_the_time_of_its_events() -> None:
    """Contract: an hour of the machine's clock without one of the events' fires nothing."""
    job = begun()
    before = job.pushes._clock._heard_ms
    for _ in range(600):
        job.now_ms += MINUTE_MS // 2
        job.pushes._clock.hear(before, job.now_ms)
        assert job.fire(0) == []


def test_what_must_be_told_goes_past_chance_and_holdout() -> None:
    """Contract: a marketer's terms stand in the parameters of an activity."""
    told = begun(must=1.0).until(MIDNIGHT_MS + DAY_MS)
    assert {each.user_id for each in told} == set(USERS)
    assert {(each.must, each.chance, each.sent) for each in told} == {(True, 256, True)}
    assert {len(each.also) for each in told} == {1}


def test_who_waits_for_his_first_point_takes_ten_bytes_at_most() -> None:
    """Contract: what stands in front of a state, and the wheel's entry beside it."""
    job = begun()
    part, rest = parted(job.state(USERS[0]))
    assert 8 <= len(part) <= 10
    held = job.kept.maps["push_wheel"].by_shard
    assert sum(len(value) for each in held.values() for value in each.values()) == sum(1 + len(user) for user in USERS)
    assert {shard_of(user) for user in USERS} == set(held)
    assert rest
    assert SETTINGS.week == 14


def test_who_unsubscribes_is_told_nothing_until_he_agrees_anew() -> None:
    """Contract: read before or after his profile, in a batch with his events or alone."""
    job = begun()
    job.now_ms += MINUTE_MS
    left, strangers = USERS[:20], ["s1", "s2"]
    told_ms = job.now_ms
    job.see(*(Event(f"off.{user}", user, EventType.UNSUBSCRIBE, told_ms) for user in (*left[:10], *strangers)))
    job.see(
        *(Event(f"on.{user}", user, EventType.VIEW, told_ms, "i", "tea") for user in left[10:]),
        *(Event(f"off.{user}", user, EventType.UNSUBSCRIBE, told_ms) for user in left[10:]),
    )
    job.agree(strangers)
    job.visit(strangers)
    told = job.until(MIDNIGHT_MS + DAY_MS)
    assert told
    assert not {each.user_id for each in told} & {*left, *strangers}
    job.now_ms += MINUTE_MS
    job.agree([*left, *strangers])
    again = {each.user_id for each in job.until(MIDNIGHT_MS + 2 * DAY_MS)}
    assert again >= {*left} & pushed_to()
    assert again & {*strangers}


def test_a_push_that_failed_gives_its_room_back() -> None:
    """Contract: told by the id of the push, once or often, of a user who has no other event."""
    settings = read_push('{"week": 1, "zones": ["UTC"]}')
    job = PushJob(push_world(settings), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)
    job.visit(USERS)
    job.agree(USERS)
    sent = [each for each in job.until(MIDNIGHT_MS + DAY_MS) if each.sent]
    assert len(sent) > 10
    for each in sent[:10] * 2:
        job.see(Event(each.push_id, each.user_id, EventType.PUSH_FAILED, job.now_ms))
    told = {each.user_id for each in job.until(MIDNIGHT_MS + 3 * DAY_MS)}
    assert told >= {each.user_id for each in sent[:10]}
    assert not told & {each.user_id for each in sent[10:]}


def test_what_users_do_within_the_horizon_is_told_of_the_points_before_it() -> None:
    """Contract: by the records and the purchases alone, each counted once, and for every point before it."""
    job = PushJob(push_world(read_push('{"week": 14, "zones": ["UTC"], "horizon_h": 30}')), now_ms=MIDNIGHT_MS)
    job.visit(USERS)
    job.agree(USERS)
    told, bought, random = list[PushRecord](), list[tuple[str, int, float]](), np.random.default_rng(3)
    for hour in range(1, 80):
        told += job.until(MIDNIGHT_MS + hour * HOUR_MS)
        some = random.choice(USERS, 4, replace=False).tolist()
        events = [
            Event(f"p{hour}.{user}", user, EventType.PURCHASE, job.now_ms, "i", "tea", price=2.5, quantity=2)
            for user in some
        ]
        job.see(*events)
        job.see(*events[:2])
        bought += [(user, job.now_ms, 5.0) for user in some]
    rows = np.concatenate([np.frombuffer(each, PUSH_FEEDBACK, offset=1) for each in job.feedback if each])
    expected = Counter[tuple[int, bytes, bool]]()
    worth = Counter[tuple[int, bytes, bool]]()
    for each in told:
        key = each.due_ms, each.x, each.sent
        expected[key] += 1
        inside = [price for user, at, price in bought if user == each.user_id and 0 <= at - each.due_ms < 30 * HOUR_MS]
        worth[key] += round(1000 * sum(inside))
    found, milli = Counter[tuple[int, bytes, bool]](), Counter[tuple[int, bytes, bool]]()
    for row in rows:
        key = int(row["ts_ms"]), row["x"].tobytes(), bool(row["sent"])
        found[key] += int(row["decisions"])
        milli[key] += int(row["rewards"][2])
        assert row["rewards"][1] * 5_000 == row["rewards"][2]
    assert (found, +milli) == (expected, +worth)
    assert sum(worth.values()) > 100_000
    assert gather_push_rows([each for each in job.feedback if each]).refused == Counter()


def test_who_unsubscribes_counts_once_for_his_newest_message() -> None:
    """Contract: told twice too; whoever was sent none counts for none."""
    job = begun()
    sent = {each.user_id for each in job.until(MIDNIGHT_MS + DAY_MS) if each.sent}
    job.feedback.clear()
    for _ in range(2):
        job.see(*(Event(f"off.{user}", user, EventType.UNSUBSCRIBE, job.now_ms) for user in USERS))
    rows = np.concatenate([np.frombuffer(each, PUSH_FEEDBACK, offset=1) for each in job.feedback if each])
    assert rows["unsubscribed"].sum() == len(rows) == len(sent)
    assert set(rows["sent"].tolist()) == {1}
