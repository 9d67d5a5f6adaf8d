"""The learner in a running job."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.scenes import act, now_ms, scenario, view
from tests.support.traffic import Message, messages
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.control.control import SetExamination

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_impressions_weigh_their_place_from_the_order_on(job: LiveJob) -> None:
    """Contract: each row published then is the oracle's to the bit; impressions from before count as they did.

    By places, by clicks above, and whole again.
    """
    for number, order in enumerate(
        (SetExamination((1.0, 0.6, 0.25)), SetExamination(after_click=0.3), SetExamination())
    ):
        act(job, order)
        job.oracle.ranker = job.oracle.ranker.after(order, 0)
        job.produce(messages(scenario(job, 3, f"place-{number}", events=800, users=80)))
        job.settle()
        check_equal(job.oracle.lists, job.all_lists())
    counted = [impressions for impressions, _ in job.oracle.learned().values()]
    assert any(impressions % 1 for impressions in counted)


def test_clicks_change_the_policy_and_then_a_list(job: LiveJob) -> None:
    """Contract: what others clicked moves up on the next list of a user like them."""
    users = [f"click-{number}" for number in range(30)]
    watcher = "click-watcher"
    at_ms = now_ms() - 60_000
    job.produce([view(user, at_ms) for user in [*users, watcher]])
    job.drain()
    lists = {user: json.loads(payload) for user, payload in job.lists([*users, watcher]).items()}
    before = lists.pop(watcher)["i"]
    usual = Counter(tuple(shown["i"]) for shown in lists.values()).most_common(1)[0][0]
    wanted = next(name for name in reversed(usual) if name in before[3:])  # in nobody's list by exploration alone
    responses: list[Message] = []
    for user, shown in lists.items():
        for position, activity_id in enumerate(shown["i"]):
            about = {"activity_id": activity_id, "token": shown["k"], "position": position}
            liked = activity_id == wanted
            kinds = [EventType.IMPRESSION, *([EventType.CLICK, EventType.CONVERSION] if liked else [])]
            for kind in kinds:
                event = Event(f"{user}.{kind}.{position}", user, kind, at_ms + 1_000 * position + 5_000, **about)
                responses.append(Message(user.encode(), encode_event(event)))
    published = len(job.read(job.topics.policy))
    job.produce(responses)
    job.drain()
    job.wait_learned()
    policy = job.read(job.topics.policy)
    assert len(policy) > published
    job.oracle.learn(policy)
    job.wait_gauge("policy_version", job.oracle.ranker.version)
    job.produce([view(watcher, at_ms + 30_000, 1)])
    job.drain()
    after = json.loads(job.lists([watcher])[watcher])["i"]
    assert after.index(wanted) < before.index(wanted)
