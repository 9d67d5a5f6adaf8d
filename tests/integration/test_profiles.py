"""Contract: what a shop says of its users holds on the running job as in the plain-Python oracle."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.running_job import running_job
from tests.support.scenes import scenario
from tests.support.traffic import Message, make_activities, messages
from tests.support.waiting import wait_until
from tideline.schemas.errors import Unavailable
from tideline.schemas.topics import Topics
from tideline.scripts.commands.job_rights import refuse_missing_rights
from tideline.scripts.commands.topics import TopicError, ensure_topics
from tideline.udfs.core.catalogue.activity import Rule
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.profiles.profile_record import Consent, OptOuts, Profile, encode_profile
from tideline.udfs.core.users.interest import stranger_x
from tideline.udfs.io.topic_reader import topic_ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.scripts.localstack import Stack
    from tideline.udfs.core.catalogue.activity import Activity

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def told(stack: Stack) -> Iterator[LiveJob]:
    """A job with some traffic; cancelled at the end."""
    activities = [_for_gold(each, at) for at, each in enumerate(make_activities(40, int(time.time() * 1000)))]
    with running_job(stack, "profiles", activities) as live:
        live.produce(messages(scenario(live, 1, "p", events=1_200, users=80)))
        live.drain()
        yield live


def _for_gold(activity: Activity, number: int) -> Activity:
    """Every fourth activity asks for a label, every fourth is open by day; nothing else keeps anybody out."""
    rule = Rule(all='[{"label.tier": {"in": ["gold"]}}]') if number % 4 == 1 else None
    hours = (("all", "06:00", "18:00"),) if number % 4 == 3 else ()
    kind = "banner" if number % 3 == 2 else "coupon"
    return replace(activity, kind=kind, rule=rule, hours=hours, time_zone="UTC", group=f"g{number % 5}")


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


def test_labels_clocks_and_opt_outs_hold_on_every_list(told: LiveJob) -> None:
    """Contract: who is gold may see what is for gold alone; nobody sees what he opted out of, explored or not."""
    users = sorted(told.oracle.lists)[20:50]
    now_ms = int(time.time() * 1000)
    zones, tiers = ("Asia/Tokyo", "America/New_York", None), ("gold", "tin")
    profiles = [
        Profile(
            user, now_ms, {"tier": tiers[at % 2]}, zones[at % 3], opt_outs=OptOuts(groups=("g1",), kinds=("banner",))
        )
        for at, user in enumerate(users)
    ]
    told.tell(_records(*profiles))
    told.settle()
    lists = told.lists(users)
    check_equal({user: told.oracle.lists[user] for user in users}, lists)
    known = told.oracle.ranker.offers.activities
    for_gold = {name for name, each in known.items() if each.rule is not None}
    shown = {user: [known[name] for name in json.loads(payload)["i"]] for user, payload in lists.items()}
    assert not [each for some in shown.values() for each in some if each.group == "g1" or each.kind == "banner"]
    seen = [
        {each.activity_id for at, user in enumerate(users) if at % 2 == odd for each in shown[user]} for odd in (0, 1)
    ]
    assert seen[0] & for_gold
    assert not seen[1] & for_gold


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


def test_profiles_have_the_partitions_of_the_clickstream_or_nothing_is_submitted(told: LiveJob) -> None:
    """Contract: made behind a clickstream they get as many; where they differ, both counts are named beforehand."""
    cluster = told.stack.kafka
    same, apart = (Topics().with_suffix(f"-{told.tag}-{count}") for count in (3, 2))
    ensure_topics(cluster, same, 3, roles=("clickstream",))
    ensure_topics(cluster, same)
    assert len(topic_ends(cluster, same.profiles)) == 3
    ensure_topics(cluster, apart, 2, roles=("profiles",))
    with pytest.raises(TopicError, match=r"has 2 partitions and 'clickstream-.*' has 4; both need as many"):
        ensure_topics(cluster, apart)
    with pytest.raises(Unavailable, match=r"has 2 partitions and 'clickstream-.*' has 4; both need as many"):
        refuse_missing_rights(replace(told.config, topics=apart))
