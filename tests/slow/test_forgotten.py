"""Contract: a person is in many places before his erasure; once retention has passed, and his mark, he is in none."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis
from kafka.admin import ConfigResource, ConfigResourceType

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.scenes import scenario
from tests.support.traffic import make_activities, messages
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.commands.erase import order, wait_for
from tideline.scripts.commands.person import export
from tideline.scripts.commands.target import Target
from tideline.scripts.localstack import Stack, StackRequest
from tideline.scripts.localstack.paths import FLINK_CONF
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.profiles.profile_record import Profile, encode_profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

_AT_ONCE = {
    "log.retention.check.interval.ms": "500",
    "log.segment.delete.delay.ms": "0",
    "log.cleaner.backoff.ms": "500",
}
"""What a broker does in minutes, within a second: how long records are kept is the topics' own."""
_OVER = {"retention.ms": "1", "segment.ms": "1000", "file.delete.delay.ms": "0"}
_COMPACTED = {
    "segment.ms": "1000",
    "min.cleanable.dirty.ratio": "0.0",
    "max.compaction.lag.ms": "1",
    "delete.retention.ms": "0",
    "file.delete.delay.ms": "0",
}


_KEPT_DAYS = "0.0025"
"""A mark is kept for three and a half minutes, a reward for as long: what is tried before goes on within that."""


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    """A stack whose folder holds all that there is, and whose broker deletes what is over at once."""
    with Stack.up(StackRequest(f"forgotten-{os.getpid()}", conf=FLINK_CONF / "config.test.yaml")) as running:
        running.kill_kafka()
        with (running.root / "conf" / "server.properties").open("a") as settings:
            settings.writelines(f"{name}={value}\n" for name, value in _AT_ONCE.items())
        running.start_kafka()
        yield running


@pytest.fixture(scope="module")
def live(own: Stack) -> Iterator[LiveJob]:
    """A job with some traffic."""
    live = LiveJob(own, f"forgotten{os.getpid()}", attribution_days=_KEPT_DAYS, erased_days=_KEPT_DAYS)
    live.put_activities(make_activities(40, int(time.time() * 1000)))
    live.start()
    live.produce(messages(scenario(live, 1, "p", events=1_000, users=250)))
    live.drain()
    yield live
    own.rest.cancel(live.job_id)


def _forms(user: str) -> list[bytes]:
    """Return the bytes a user id may hide behind: texts, hexadecimal, base64 at each place of three."""
    raw = user.encode()
    forms = [raw, user.encode("utf-16-le"), user.encode("utf-16-be"), raw.hex().encode(), raw.hex().upper().encode()]
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        whole = coded[4 if shift else 0 : len(coded) - 4]
        forms += [whole, whole.replace(b"+", b"-").replace(b"/", b"_")]
    return forms


def _places(stack: Stack, user: str, *folders: Path) -> set[str]:
    """Return where a user is: topics, folders of the stack and others by name, keys and values of Redis."""
    forms = _forms(user)
    found = set()
    with redis.Redis.from_url(stack.redis_url) as client:
        for key in client.scan_iter(count=5_000):
            if any(form in key or form in (client.get(key) or b"") for form in forms):
                found.add("keys of redis")
        client.save()
    for folder in (stack.root, *folders):
        # An index of Kafka has numbers alone, and 10 MB of them.
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix not in (".index", ".timeindex"):
                data = _bytes_of(path)
                if any(form in data for form in forms):
                    found.add(_kind(path.relative_to(folder).parts))
    return found


def _kind(parts: tuple[str, ...]) -> str:
    return f"topic {parts[1].rpartition('-')[0]}" if parts[0] == "kafka" else parts[0]


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # deleted meanwhile
        return b""


def _event(user: str, number: int, kind: int = EventType.VIEW, **about: Any) -> tuple[bytes, bytes]:
    at_ms = int(time.time() * 1000)
    event = Event(f"{user[:3]}-{number}-{at_ms}", user, kind, at_ms, f"i{number}", "tea")
    return user.encode(), encode_event(event._replace(**about))


def _seen(live: LiveJob, user: str) -> bytes:
    """Let a user come, be shown his list, click, be told of by the shop, and send something that is refused."""
    live.produce([_event(user, number) for number in range(3)])
    wait_until("he has a list", lambda: user in live.lists([user]))
    page = live.lists([user])[user]
    found = json.loads(page)
    about = {"activity_id": found["i"][0], "token": found["k"], "position": 0}
    live.produce([_event(user, 9, EventType.IMPRESSION, **about), _event(user, 10, EventType.CLICK, **about)])
    live.produce([(user.encode(), b'{"event_id":"e","user_id":"%b","type":"view","ts_ms":5}' % user.encode())])
    profile = Profile(user, int(time.time() * 1000), {"tier": "gold"})
    live.produce_to(live.topics.profiles, [(user.encode(), encode_profile(profile))])
    wait_until(
        "his decision is there", lambda: any(user.encode() in (r.key or b"") for r in live.read(live.topics.decisions))
    )
    return page


def _settings(live: LiveJob, changes: dict[str, dict[str, str]]) -> None:
    with live.stack.kafka.admin("changing topics", "AlterConfigs") as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, each) for name, each in changes.items()])


def _let_pass(live: LiveJob) -> None:
    """Let the retention of every topic pass, and Flink's checkpoints of before."""
    topics = live.topics
    gone = dict.fromkeys((topics.clickstream, topics.decisions, topics.dead_letters), _OVER)
    _settings(live, {**gone, topics.profiles: _COMPACTED})
    live.stack.rest.wait_checkpoints(live.job_id, 4)


def test_a_hundred_erasures_under_load_leave_the_lists_of_others_as_they_were(live: LiveJob) -> None:
    """Contract: byte for byte those of the oracle, and of each erased user one that shows nothing."""
    users = sorted(live.oracle.lists)
    gone = users[:100]
    assert len(users) > 120
    for at in range(0, 100, 10):
        live.produce(messages(scenario(live, 100 + at, "q", events=150, users=60)))
        orders = [erase_order(user, int(time.time() * 1000), live.token_keys) for user in gone[at : at + 10]]
        live.produce([(order.user_id.encode(), encode_event(order)) for order in orders])
    live.drain()
    stubs = {user: json.loads(payload) for user, payload in live.lists(gone).items()}
    assert len(stubs) == 100
    assert all(not each["i"] and each["x"] == each["v"][1] for each in stubs.values())
    live.settle()
    others = {user: payload for user, payload in live.oracle.lists.items() if user not in gone}
    check_equal(others, live.lists(others))


def test_a_person_is_in_many_places_before_and_in_none_once_retention_has_passed(
    live: LiveJob, own: Stack, tmp_path: Path
) -> None:
    """Contract: topics, checkpoint, savepoint, Redis and its dump, an export; an old tab teaches nothing.

    State keeps, under his id, the nine bytes that refuse it, until `erased_days` are over.
    """
    user, topics = secrets.token_hex(12), live.topics
    page = _seen(live, user)
    own.rest.wait_checkpoints(live.job_id, 2)
    savepoint = own.rest.savepoint(live.job_id)
    target = Target(own.kafka, topics, own)
    export(target, user, tmp_path / "his", lambda placement: None if placement else page)
    before = _places(own, user, tmp_path)
    written = {f"topic {name}" for name in (topics.clickstream, topics.decisions, topics.dead_letters, topics.profiles)}
    assert before == written | {"checkpoints", "savepoints", "keys of redis", "redis", "his"}

    ordered = order(target, user, "tester", live.token_keys)
    wait_for(own.redis_url, f"{live.config.prefix}:list:{user}", ordered.erased_ms, PATIENCE_S)
    assert len(ordered.told.tokens) == 1
    live.settle()  # what the learner publishes is what the oracle has, which took his click back
    learned, refused = (live.metrics()[name] for name in ("feedback_rows", "erased"))
    found = json.loads(page)
    old = {"activity_id": found["i"][1], "token": found["k"], "position": 1}
    live.produce([_event(user, 11, EventType.CLICK, **old)])
    wait_until("the old tab is refused", lambda: live.metrics()["erased"] == refused + 1)
    live.settle()
    assert live.metrics()["feedback_rows"] == learned

    shutil.rmtree(savepoint.removeprefix("file:"))
    shutil.rmtree(tmp_path / "his")
    with redis.Redis.from_url(own.redis_url) as client:
        client.delete(f"{live.config.prefix}:list:{user}")  # as its time to live does
    _let_pass(live)

    def left() -> set[str]:
        # A segment is closed by a record behind it: somebody else goes on.
        live.produce([_event(f"other-{at}", at) for at in range(16)])
        other = [(f"other-{at}".encode(), encode_profile(Profile(f"other-{at}", 10**12 + at))) for at in range(16)]
        live.produce_to(topics.profiles, other)
        return _places(own, user, tmp_path)

    wait_until("he is nowhere", lambda: not left(), 2 * PATIENCE_S, lambda: str(sorted(left())))
    assert live.metrics()["erasures_over"] >= 1
