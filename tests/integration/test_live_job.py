"""Contract: events in Kafka become lists in Redis, the same ones that the plain-Python oracle computes."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.live import LiveJob, check_equal
from tests.support.oracle import Oracle
from tests.support.traffic import Message, Scenario, make_events, messages
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.control.control import PinPolicy, SetExamination
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.operators.metrics import COUNTERS, GAUGES

if TYPE_CHECKING:
    from tideline.udfs.core.control.control import Order

pytestmark = [pytest.mark.integration, pytest.mark.slow]
_HOUR_MS = 3_600_000


def now_ms() -> int:
    return int(time.time() * 1000)


def scenario(job: LiveJob, seed: int, prefix: str, events: int = 3_000, users: int = 200) -> list[Event]:
    """Events of an earlier part of the day: what is shown and clicked lies in the past."""
    activities = tuple(job.oracle.world.activities.values())
    start_ms = now_ms() - 6 * _HOUR_MS
    return make_events(Scenario(seed, users, events, activities, job.token_keys, start_ms, prefix))


def view(user: str, at_ms: int, number: int = 0) -> Message:
    event = Event(f"{user}.v{number}", user, EventType.VIEW, at_ms, item_id="item-3", category="CHEESE")
    return Message(user.encode(), encode_event(event))


def act(job: LiveJob, order: Order) -> None:
    """Give an order to the rankers and wait until they have carried it out."""
    before = job.metrics()["control_applied"]
    job.order(order)
    wanted = before + job.config.parallelism
    wait_until("the order is carried out", lambda: job.metrics()["control_applied"] >= wanted)


def test_an_event_becomes_a_signed_list_and_strangers_get_the_popular_one(job: LiveJob) -> None:
    """Contract: one event is enough for a list with a token for this user; the popular list is there for all others."""
    job.produce([view(f"ev-{number}", now_ms()) for number in range(60)])  # so that every shard has users
    job.drain()
    payload = json.loads(job.lists(["ev-1"])["ev-1"])
    token = verify(payload["k"], "ev-1", job.token_keys)
    assert [token.generation, token.as_of_ms, token.seq] == payload["v"]
    assert len(payload["i"]) == len(payload["e"]) == job.config.list_size
    popular = json.loads(wait_until("the popular list is there", job.popular) or b"")
    assert verify(popular["k"], "", job.token_keys).popular
    assert len(popular["i"]) == job.config.list_size


def test_lists_counters_and_sums_are_the_oracles(job: LiveJob) -> None:
    """Contract: after a drain, publish and republish every list equals the oracle's byte for byte; nothing is lost."""
    before, expected_before = job.metrics(), job.oracle.outcomes()
    produced = job.produce(messages(scenario(job, 1, "eq")))
    job.settle()
    check_equal(job.oracle.lists, job.all_lists())
    expected = job.oracle.outcomes() - expected_before
    metrics = job.metrics()
    check_equal(dict(expected), {name: metrics[name] - before[name] for name in expected})
    assert expected["records"] == produced
    assert sum(job.oracle.accounted().values()) == job.oracle.counts["records"]


def test_with_the_policy_pinned_lists_need_no_republishing(job: LiveJob) -> None:
    """Contract: under a pinned policy what is learned meanwhile changes no list; one by one gives what batches give."""
    pinned = job.oracle.world.version
    act(job, PinPolicy(pinned))
    job.produce(messages(scenario(job, 2, "pin", events=600, users=40)))
    records = job.recorded()
    reference = Oracle(job.oracle.world.settings, job.oracle.world.encoder)
    reference.world.set_activities(job.oracle.world.activities)
    reference.learn(record for record in job.read(job.topics.policy) if record.offset <= pinned)
    reference.apply_one_by_one(records)
    job.oracle.apply_by_user(records)
    job.wait_lists()
    job.wait_learned()
    check_equal(reference.lists, job.lists(reference.lists))
    assert job.read(job.topics.policy)[-1].offset > pinned
    act(job, PinPolicy(None))
    job.oracle.learn(job.read(job.topics.policy))
    job.wait_gauge("policy_version", job.oracle.world.version)


def test_impressions_weigh_their_place_from_the_order_on(job: LiveJob) -> None:
    """Contract: each row published then is the oracle's to the bit; impressions from before count as they did.

    By places, by clicks above, and whole again.
    """
    for number, order in enumerate(
        (SetExamination((1.0, 0.6, 0.25)), SetExamination(after_click=0.3), SetExamination())
    ):
        act(job, order)
        job.oracle.world.examine(order)
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
    job.wait_gauge("policy_version", job.oracle.world.version)
    job.produce([view(watcher, at_ms + 30_000, 1)])
    job.drain()
    after = json.loads(job.lists([watcher])[watcher])["i"]
    assert after.index(wanted) < before.index(wanted)


def test_prometheus_serves_exactly_the_declared_metrics(job: LiveJob) -> None:
    """Contract: every metric of the job is declared with its meaning, and every declared one is served."""
    assert job.metrics().keys() == COUNTERS.keys() | GAUGES.keys()
    url = next(url for name, url in job.stack.prometheus_urls.items() if name.startswith("taskmanager"))
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - http, from the stack
        assert answer.headers["Content-Type"].startswith("text/plain")
