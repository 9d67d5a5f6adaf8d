"""Whom a batch moves."""

from __future__ import annotations

from tests.support.push_job import HOUR_MS, MIDNIGHT_MS, PushJob, push_world
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.push.push_user import NOBODY, push_id
from tideline.udfs.core.pushing.moving import heard_parts, moved_users
from tideline.udfs.core.pushing.part.former_part import parted
from tideline.udfs.core.pushing.part.push_part import NO_PART, decode_part


def test_only_who_agreed_is_moved_and_only_where_he_is_due_elsewhere() -> None:
    """Contract: asked again, nobody is."""
    job = PushJob(push_world(), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)
    job.visit(["a", "b", "c"])
    job.agree(["a"])
    job.agree(["c"], push=False)
    states = {name: parted(job.state(name))[1] for name in ("a", "b", "c")}
    moved = moved_users(states, lambda _: NOBODY, job.ranker, job.now_ms)
    assert set(moved) == {"a"}
    assert moved["a"] == decode_part(parted(job.state("a"))[0]).user.due
    asked = {name: NOBODY._replace(due=bucket) for name, bucket in moved.items()}
    assert moved_users(states, lambda name: asked.get(name, NOBODY), job.ranker, job.now_ms) == {}
    assert moved_users({"d": b""}, lambda _: NOBODY, job.ranker, job.now_ms) == {}


def test_what_became_of_messages_is_kept_of_users_without_a_state_too() -> None:
    """Contract: several events of one user add up; a failure of no push of his is nothing."""
    named = push_id("u", 19_000, 0)
    events = [
        Event("off", "u", EventType.UNSUBSCRIBE, MIDNIGHT_MS),
        Event(named, "u", EventType.PUSH_FAILED, MIDNIGHT_MS),
        Event(named, "v", EventType.PUSH_FAILED, MIDNIGHT_MS),
    ]
    found, _ = heard_parts(events, {}, lambda _: NO_PART, push_world())
    assert found["u"].user.unsubscribed_s * 1000 == MIDNIGHT_MS
    assert [(each.day, each.failed) for each in found["u"].user.pushes] == [(19_000, 1)]
    assert found["v"] == NO_PART
