"""Contract: what cannot be used is kept with its reason and origin or counted, and the job goes on."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pytest

from tests.support.hash_code import INT_MIN, user_with_hash
from tests.support.live import LiveJob
from tests.support.malformed import Refused, refused_records
from tests.support.oracle import Recorded
from tests.support.traffic import Message, interleave
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.lists.token_keys import TokenKeys

pytestmark = [pytest.mark.integration, pytest.mark.slow]

KINDS = tuple(refused_records("u", 1, TokenKeys({1: bytes(32)}, 1), "a"))
_USER = "bad-user"
_OTHERS = 1_500


@dataclass(frozen=True)
class Sent:
    """The bad records by kind, where they are in the clickstream, and the dead letters."""

    refused: dict[str, Refused]
    records: list[Recorded]
    dead: list[Recorded]


@pytest.fixture(scope="session")
def sent(job: LiveJob) -> Sent:
    """Every kind of bad record, strewn over good ones so that the dead-letter limit stays off."""
    now_ms = int(time.time() * 1000)
    refused = refused_records(_USER, now_ms, job.token_keys, "a005")
    before = len(job.read(job.topics.dead_letters))
    job.produce(interleave(good_views(now_ms), [each.message for each in refused.values()], seed=1))
    records = job.recorded()
    job.oracle.apply_by_user(records)
    job.wait_lists()
    dead = wait_until(
        "every dead letter is there",
        lambda: found if len(found := job.read(job.topics.dead_letters)[before:]) >= len(refused) else [],
    )
    return Sent(refused, records, dead)


def good_views(now_ms: int) -> list[Message]:
    events = [
        Event(f"g{number}", f"good-{number % 300}", EventType.VIEW, now_ms - 600_000 + number, category="CHEESE")
        for number in range(_OTHERS)
    ]
    return [Message(event.user_id.encode(), encode_event(event)) for event in events]


def counted(job: LiveJob, name: str, records: list[Message]) -> int:
    """By how much a counter has grown once the oracle's value of it is reached."""
    before = int(job.metrics()[name])
    expected_before = job.oracle.outcomes()[name]
    job.produce(records)
    job.drain()
    expected = job.oracle.outcomes()[name] - expected_before
    wait_until(f"{name} grows by {expected}", lambda: job.metrics()[name] >= before + expected)
    return int(job.metrics()[name]) - before


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_record_becomes_one_dead_letter_byte_for_byte(sent: Sent, job: LiveJob, kind: str) -> None:
    """Contract: key and value are those that came, the headers say why and where from."""
    (key, value), reason = sent.refused[kind]
    (source,) = [record for record in sent.records if (record.key, record.value) == (key, value)]
    place = {"source_partition": str(source.partition), "source_offset": str(source.offset)}
    letters = [letter for letter in sent.dead if place.items() <= texts(letter).items()]
    assert [(letter.key, letter.value) for letter in letters] == [(key, value)]
    headers = texts(letters[0])
    assert headers["reason"] == reason
    assert headers["error"]
    assert headers["source_topic"] == job.topics.clickstream
    assert headers["source_timestamp_ms"] == str(source.timestamp_ms)
    assert headers["job"] == job.config.name
    assert len(headers["build"]) == 12


def texts(letter: Recorded) -> dict[str, str]:
    return {name: value.decode() for name, value in letter.headers}


def test_good_records_beside_bad_ones_are_all_applied(sent: Sent, job: LiveJob) -> None:
    """Contract: nothing but the bad records is refused, nulls shift no neighbour, and the job has not restarted."""
    assert len(sent.dead) == len(sent.refused)
    for number in range(300):
        user = f"good-{number}"
        assert json.loads(job.lists([user])[user])["v"][2] == _OTHERS // 300
    assert job.stack.rest.all_running(job.job_id)
    assert job.stack.rest.checkpoints(job.job_id).restored == 0


def test_a_repeated_event_counts_once(job: LiveJob) -> None:
    """Contract: the same event id again raises `duplicate` and changes nothing."""
    now_ms = int(time.time() * 1000)
    event = Event("twice", "dup-user", EventType.VIEW, now_ms, category="BEEF")
    assert counted(job, "duplicate", [Message(b"dup-user", encode_event(event))] * 3) == 2
    assert json.loads(job.lists(["dup-user"])["dup-user"])["v"][2] == 1


def test_an_event_behind_all_that_is_kept_is_late(job: LiveJob) -> None:
    """Contract: an event older than the 31 that are kept raises `late` and changes nothing."""
    start_ms = int(time.time() * 1000) - 600_000
    events = [Event(f"l{number}", "late-user", EventType.VIEW, start_ms + 2_000 * number) for number in range(40)]
    job.produce([Message(b"late-user", encode_event(event)) for event in events])
    job.drain()
    old = Event("old", "late-user", EventType.VIEW, start_ms - 1)
    assert counted(job, "late", [Message(b"late-user", encode_event(old))]) == 1
    assert json.loads(job.lists(["late-user"])["late-user"])["v"][2] == 40


def test_a_user_who_does_50_things_in_a_second_is_set_aside(job: LiveJob) -> None:
    """Contract: a robot's further events are dead letters, and neither applied nor rewarded."""
    second_ms = int(time.time()) * 1000 - 5_000
    events = [Event(f"r{number}", "robot", EventType.VIEW, second_ms + number) for number in range(50)]
    aside = counted(job, "quarantined", [Message(b"robot", encode_event(event)) for event in events])
    assert 20 <= 50 - aside <= 30
    later = encode_event(Event("r-later", "robot", EventType.PURCHASE, second_ms + 4_000))
    assert counted(job, "quarantined_purchase", [Message(b"robot", later)]) == 1
    assert json.loads(job.lists(["robot"])["robot"])["v"][2] == 50 - aside
    letters = [each for each in job.read(job.topics.dead_letters) if dict(each.headers)["reason"] == b"quarantined"]
    assert len(letters) == aside + 1
    assert later in [each.value for each in letters]


def test_the_user_with_the_smallest_hash_gets_a_list(job: LiveJob) -> None:
    """Contract: the one hash without a positive counterpart has a shard like any other."""
    user = user_with_hash(INT_MIN)
    event = Event("min", user, EventType.VIEW, int(time.time() * 1000), category="BEEF")
    job.produce([Message(user.encode(), encode_event(event))])
    job.drain()
    assert json.loads(job.lists([user])[user])["v"][2] == 1


@pytest.mark.parametrize(
    ("topic", "counter", "value"),
    [
        ("activities", "dead_letter_bad_activity", b'{"activity_id": "a001", "kind": "lottery"}'),
        ("control", "dead_letter_bad_control", b'{"kind": "explode", "argument": "{}", "issued_ms": 1700000000000}'),
    ],
)
def test_a_bad_activity_or_order_is_a_dead_letter_and_changes_nothing(
    job: LiveJob, topic: str, counter: str, value: bytes
) -> None:
    """Contract: its bytes are kept once with reason and origin, the activities stay as they were, the job goes on."""
    before, letters = job.metrics(), len(job.read(job.topics.dead_letters))
    name = job.topics.by_role()[topic]
    job.produce_to(name, [(b"a001", value)])
    source = job.read(name)[-1]
    letter = wait_until("its letter is there", lambda: job.read(job.topics.dead_letters)[letters:])[0]
    headers = dict(letter.headers)
    assert (letter.key, letter.value, headers["source_topic"]) == (b"a001", value, name.encode())
    assert headers["reason"].decode() == counter.removeprefix("dead_letter_")
    assert (headers["source_partition"], headers["source_offset"]) == (b"0", str(source.offset).encode())
    assert headers["error"]
    wait_until(f"{counter} grows", lambda: job.metrics()[counter] == before[counter] + 1)
    assert job.metrics()["activities"] == before["activities"]
    assert job.stack.rest.all_running(job.job_id)
