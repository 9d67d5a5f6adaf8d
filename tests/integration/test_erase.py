"""Contract: an erased user is gone from the running job and from Redis; others keep every byte, as in the oracle."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.running_job import running_job
from tests.support.scenes import scenario
from tests.support.traffic import make_activities, messages
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.commands.erase import Ordered, order, wait_for
from tideline.scripts.commands.person import export
from tideline.scripts.commands.person_records import Told
from tideline.scripts.commands.target import Target
from tideline.udfs.core.erasure.erase_order import erase_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def live(stack: Stack) -> Iterator[LiveJob]:
    """A job with some traffic; cancelled at the end."""
    with running_job(stack, "erase", make_activities(40, int(time.time() * 1000))) as live:
        live.produce(messages(scenario(live, 1, "p", events=800, users=60)))
        live.drain()
        yield live


def _target(live: LiveJob) -> Target:
    return Target(live.stack.kafka, live.topics, live.stack)


def _erased(live: LiveJob, user: str) -> Ordered:
    ordered = order(_target(live), user, "tester", live.token_keys)
    wait_for(live.config.redis_url, f"{live.config.prefix}:list:{user}", ordered.erased_ms, PATIENCE_S)
    return ordered


def _click(user: str, payload: bytes, at_ms: int) -> tuple[bytes, bytes]:
    found = json.loads(payload)
    about = {"activity_id": found["i"][0], "token": found["k"], "position": 0}
    return user.encode(), encode_event(Event(f"c{at_ms}", user, EventType.CLICK, at_ms, **about))


def _now_ms() -> int:
    return int(time.time() * 1000)


def test_erased_users_are_gone_and_others_keep_every_byte(live: LiveJob, tmp_path: Path) -> None:
    """Contract: lists, sums and states as in the oracle; old tabs teach nothing; who comes back starts anew."""
    users = sorted(user for user, payload in live.lists(live.oracle.lists).items() if json.loads(payload)["i"])[:3]
    pages = live.lists(users)
    live.produce([_click(user, pages[user], _now_ms()) for user in users])
    live.drain()
    counts = export(_target(live), users[0], tmp_path / "his", lambda placement: None if placement else pages[users[0]])
    assert counts["clickstream"] > 0
    assert counts["list"] == 1

    before = live.metrics()
    ordered = [_erased(live, user) for user in users]
    assert all(each.told.tokens for each in ordered)
    live.drain()
    stubs = live.lists(users)
    up_to = {user: json.loads(payload)["x"] for user, payload in stubs.items()}
    # That a profile was forgotten makes a list of up to a tenth of a second later, and his newest list counts.
    assert all(0 <= up_to[user] - each.erased_ms < 100 for user, each in zip(users, ordered, strict=True))
    assert all(json.loads(payload)["i"] == [] for payload in stubs.values())
    live.settle()  # the learner too has what the oracle has
    others = {user: payload for user, payload in live.oracle.lists.items() if user not in users}
    check_equal(others, live.lists(others))
    assert live.metrics()["erasures"] - before["erasures"] == len(users)

    live.produce([_click(user, pages[user], _now_ms()) for user in users])
    wait_until("old tabs are refused", lambda: live.metrics()["erased"] - before["erased"] == len(users))
    live.settle()
    assert live.lists(users) == stubs

    back = Event("back", users[0], EventType.VIEW, _now_ms(), "i", "tea", 1.0)
    live.produce([(users[0].encode(), encode_event(back))])
    live.drain()
    own: dict[str, Any] = json.loads(live.lists(users[:1])[users[0]])
    assert own.pop("x") == up_to[users[0]]
    assert own == json.loads(live.oracle.lists[users[0]])


def test_nobody_without_the_secrets_erases_anybody(live: LiveJob) -> None:
    """Contract: a forged order is a dead letter, and the list stays."""
    user = max(user for user, payload in live.lists(live.oracle.lists).items() if json.loads(payload)["i"])
    before = live.lists([user]), live.metrics().get("dead_letter_foreign_token", 0.0)
    forged = erase_order("visitor", _now_ms(), live.token_keys)._replace(user_id=user)
    live.produce([(user.encode(), encode_event(forged))])
    wait_until("the order is refused", lambda: live.metrics().get("dead_letter_foreign_token", 0.0) == before[1] + 1)
    live.drain()
    assert live.lists([user]) == before[0]


def test_a_job_that_starts_knows_who_was_erased(live: LiveJob) -> None:
    """Contract: after a restart from a savepoint, what is told again of an erased user counts for nothing."""
    user = min(user for user, payload in live.lists(live.oracle.lists).items() if json.loads(payload)["i"])
    ordered = order(_target(live), user, "tester", live.token_keys, search=False)
    wait_for(live.config.redis_url, f"{live.config.prefix}:list:{user}", ordered.erased_ms, PATIENCE_S)
    assert ordered.told == Told(0, [], None)
    live.drain()
    savepoint = live.stack.rest.savepoint(live.job_id, cancel=True)
    live.stack.rest.wait_state(live.job_id, ["CANCELED"])
    live.go_on(savepoint)
    before = live.metrics().get("erased", 0.0)
    late = Event("late", user, EventType.VIEW, ordered.erased_ms - 1, "i", "tea", 1.0)
    live.produce([(user.encode(), encode_event(late))])
    wait_until("it is refused", lambda: live.metrics().get("erased", 0.0) == before + 1)
    live.drain()
    assert json.loads(live.lists([user])[user])["x"] >= ordered.erased_ms
