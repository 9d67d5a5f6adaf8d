"""Contract: what a shop says of its users holds on the running job as in the plain-Python oracle."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.live import LiveJob, check_equal
from tests.support.scenes import scenario
from tests.support.traffic import Message, make_activities, messages
from tests.support.waiting import wait_until
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile
from tideline.udfs.core.users.interest import stranger_x

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def told(stack: Stack) -> Iterator[LiveJob]:
    """A job with some traffic; cancelled at the end."""
    if not stack.rest.get("/overview")["slots-available"]:
        stack.add_taskmanager()
    live = LiveJob(stack, f"profiles{os.getpid()}")
    live.put_activities(make_activities(40, int(time.time() * 1000)))
    live.start()
    live.produce(messages(scenario(live, 1, "p", events=1_200, users=80)))
    live.drain()
    yield live
    stack.rest.cancel(live.job_id)


def _later(told: LiveJob, seed: int, events: int) -> list[Message]:
    """More of the same users, under ids of their own."""
    more = scenario(told, seed, "p", events=events, users=80)
    return messages([each._replace(event_id=f"{seed}.{each.event_id}") for each in more])


def _records(*profiles: Profile) -> list[tuple[bytes | None, bytes | None]]:
    return [(each.user_id.encode(), encode_profile(each)) for each in profiles]


def test_profiles_renew_lists_and_events_after_them_keep_to_them(told: LiveJob) -> None:
    """Contract: byte for byte the oracle's; who does not agree is a stranger, in events that come later too."""
    users = sorted(told.oracle.lists)[:20]
    now_ms = int(time.time() * 1000)
    told.tell(_records(*(Profile(user, now_ms, consent=Consent(personalise=False)) for user in users)))
    told.settle()
    check_equal(told.oracle.lists, told.all_lists())
    told.produce(_later(told, 2, 600))
    told.settle()
    lists = told.all_lists()
    check_equal(told.oracle.lists, lists)
    for user, payload in lists.items():
        x = np.frombuffer(read_unverified(json.loads(payload)["k"]).x, np.int8)
        if user in users:
            assert x.tolist() == stranger_x().tolist()
    assert len(lists) > len(users)


def test_a_bad_record_is_a_dead_letter_and_forgetting_brings_the_own_list_back(told: LiveJob) -> None:
    """Contract: topic, reason and bytes are told; the last good profile stays until it is forgotten."""
    user = min(told.oracle.lists)
    key, bad = user.encode(), json.dumps({"user_id": user, "ts_ms": int(time.time() * 1000), "labels": {"x": "y"}})
    told.tell([(key, bad.encode())])

    def letters() -> list[dict[str, bytes]]:
        return [dict(each.headers) for each in told.read(told.topics.dead_letters) if each.value == bad.encode()]

    (headers,) = wait_until("the dead letter", letters)
    assert headers["reason"] == b"bad_profile"
    assert headers["source_topic"] == told.topics.profiles.encode()
    assert b"labels.x='y'; allowed: only the labels" in headers["error"]
    payload = told.lists([user])[user]
    assert np.frombuffer(read_unverified(json.loads(payload)["k"]).x, np.int8).tolist() == stranger_x().tolist()
    told.tell([(key, None)])
    payload = told.lists([user])[user]
    assert np.frombuffer(read_unverified(json.loads(payload)["k"]).x, np.int8).tolist() != stranger_x().tolist()
    told.settle()
    check_equal(told.oracle.lists, told.all_lists())


def test_a_restart_from_a_savepoint_keeps_profiles(told: LiveJob) -> None:
    """Contract: state holds them, and the topic is not read again."""
    told.rescale(1)
    told.produce(_later(told, 3, 300))
    told.settle()
    check_equal(told.oracle.lists, told.all_lists())
