"""The ranker in a running job."""

from __future__ import annotations

import json

import pytest

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.oracle import Oracle
from tests.support.scenes import act, now_ms, scenario, view
from tests.support.traffic import messages
from tests.support.waiting import wait_until
from tideline.udfs.core.control.control import PinPolicy
from tideline.udfs.core.lists.decision_token import verify

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_an_event_becomes_a_signed_list_and_strangers_get_the_popular_one(job: LiveJob) -> None:
    """Contract: one event is enough for a list with a token for this user; the popular list is there for all others."""
    job.produce([view(f"ev-{number}", now_ms()) for number in range(60)])  # so that every shard has users
    job.drain()
    payload = json.loads(job.lists(["ev-1"])["ev-1"])
    token = verify(payload["k"], "ev-1", job.token_keys)
    assert [*token.version] == payload["v"]
    assert len(payload["i"]) == len(payload["e"]) == job.config.list_size
    popular = json.loads(wait_until("the popular list is there", job.popular) or b"")
    assert verify(popular["k"], "", job.token_keys).popular
    assert len(popular["i"]) == job.config.list_size


def test_with_the_policy_pinned_lists_need_no_republishing(job: LiveJob) -> None:
    """Contract: under a pinned policy what is learned meanwhile changes no list; one by one gives what batches give."""
    job.produce(messages(scenario(job, 3, "before", events=300, users=20)))
    job.settle()  # whatever ran before, there is a policy to be pinned
    pinned = job.oracle.ranker.version
    assert pinned >= 0
    act(job, PinPolicy(pinned))
    job.produce(messages(scenario(job, 2, "pin", events=600, users=40)))
    records = job.recorded()
    reference = Oracle(job.oracle.ranker.settings, job.oracle.ranker.encoder)
    reference.ranker = reference.ranker.with_activities(job.oracle.ranker.offers.activities)
    reference.learn(record for record in job.read(job.topics.policy) if record.offset <= pinned)
    reference.apply_one_by_one(records)
    job.oracle.apply_by_user(records)
    job.wait_lists()
    job.wait_learned()
    check_equal(reference.lists, job.lists(reference.lists))
    assert job.read(job.topics.policy)[-1].offset > pinned
    act(job, PinPolicy(None))
    job.oracle.learn(job.read(job.topics.policy))
    job.wait_gauge("policy_version", job.oracle.ranker.version)
