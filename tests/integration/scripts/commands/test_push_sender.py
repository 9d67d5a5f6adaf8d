"""A sender on a real Kafka and Redis."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient

from tests.support.kafka_topics import produce, read_all
from tests.support.push_log import now_ms, push_record
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.schemas.codec import decode_event, encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.topics import Topics
from tideline.scripts.commands import push, push_sender
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.core.push.push_record import encode_push

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.localstack import Stack


def test_a_sender_hears_who_left_sends_the_rest_once_and_goes_on_from_there(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: an unsubscribing or a profile accepted before it looks is obeyed; a second run sends what is new."""
    suffix = f"-{uuid4()}"
    topics, place = Topics().with_suffix(suffix), stack.kafka_bootstrap
    ensure_topics(stack.kafka, topics)
    produce(place, topics.clickstream, [(b"left", encode_event(Event("e", "left", EventType.UNSUBSCRIBE, now_ms())))])
    profile = {"user_id": "told", "ts_ms": now_ms(), "consent": {"push": False}}
    produce(place, topics.profiles, [(b"told", json.dumps(profile).encode()), (b"gone", None)])
    records = [push_record(user) for user in ("left", "told", "gone", "stays")] + [push_record("kept", sent=False)]
    argv = ["--to-log", str(tmp_path / "sent"), "--until-end", "--bootstrap", place, "--redis-url", stack.redis_url]
    argv += [f"--suffix={suffix}", "--prefix", f"test{suffix}", "--group", f"g{suffix}"]
    for more in ([], [push_record("stays", 1)]):
        produce(place, topics.push, [(each.user_id.encode(), encode_push(each)) for each in (more or records)])
        assert push_sender.main(argv) == 0
    sent = [json.loads(line)["push_id"] for line in (tmp_path / "sent").read_text().splitlines()]
    assert sent == [records[3].push_id, push_record("stays", 1).push_id]
    told = [decode_event(each.key, each.value, each.timestamp_ms) for each in read_all(place, topics.clickstream)]
    failed = {each.user_id: each.category for each in told if each.type == EventType.PUSH_FAILED}
    assert failed == dict.fromkeys(("left", "told", "gone"), "unsubscribed")
    assert "5 read, 0 waiting: 1 sent, 3 unsubscribed, 1 withheld" in capsys.readouterr().err
    where = [*argv[3:7], f"--suffix={suffix}", "--prefix", f"test{suffix}", "--json"]
    assert push.main(["status", *where]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sent"], found["withheld"], found["not_sent"]) == (2, 1, {"unsubscribed": 3})
    assert push.main(["explain", records[0].push_id, *where]) == 0
    assert json.loads(capsys.readouterr().out)["receipt"]["outcome"] == "unsubscribed"


def test_senders_of_two_channels_read_all_and_send_what_is_theirs(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: each under a group of its own, over one set of claims; what names no channel goes once."""
    suffix = f"-{uuid4()}"
    topics, place = Topics().with_suffix(suffix), stack.kafka_bootstrap
    ensure_topics(stack.kafka, topics)
    ways = ("email", "app", None)
    records = [push_record(f"u{number}", channel=ways[number % 3]) for number in range(60)]
    out = {"opt_outs": {"groups": ["channel:email"]}, "consent": {"push": True}}
    told = [(user, {"user_id": user, "ts_ms": now_ms(), **out}) for user in ("u0", "u1", "u2")]
    produce(place, topics.profiles, [(user.encode(), json.dumps(each).encode()) for user, each in told])
    produce(place, topics.push, [(each.user_id.encode(), encode_push(each)) for each in records])
    argv = ["--until-end", "--bootstrap", place, "--redis-url", stack.redis_url, "--per-second", "1000"]
    argv += [f"--suffix={suffix}", "--prefix", f"test{suffix}", "--group", f"g{suffix}"]
    sent = {}
    for way in ("email", "app"):
        assert push_sender.main([*argv, "--channel", way, "--to-log", str(tmp_path / way)]) == 0
        sent[way] = sorted(json.loads(line)["push_id"] for line in (tmp_path / way).read_text().splitlines())
    ids = {way: [each.push_id for each in records if each.channel == way] for way in ways}
    assert sent == {"email": sorted(ids["email"][1:] + ids[None]), "app": sorted(ids["app"])}
    said = capsys.readouterr().err
    assert "60 read, 0 waiting: 20 elsewhere, 39 sent, 1 unsubscribed" in said
    assert "60 read, 0 waiting: 20 claimed, 20 elsewhere, 20 sent" in said
    failed = [decode_event(each.key, each.value, each.timestamp_ms) for each in read_all(place, topics.clickstream)]
    assert [(each.event_id, each.category) for each in failed] == [(ids["email"][0], "unsubscribed")]


def test_two_senders_that_share_a_rate_send_no_more_than_it_together(stack: Stack, tmp_path: Path) -> None:
    """Contract: two processes share the topic's partitions: in no second more go than the rate, and a hand each."""
    suffix, per_s = f"-{uuid4()}", 40
    topics, place = Topics().with_suffix(suffix), stack.kafka_bootstrap
    ensure_topics(stack.kafka, topics)
    parts = KafkaAdminClient(bootstrap_servers=place)
    parts.create_partitions({topics.push: len(_partitions(place, topics.push)) + 1})
    parts.close()
    argv = [sys.executable, "-m", "tideline.scripts.commands.tideline", "push_sender", "--bootstrap", place]
    argv += ["--redis-url", stack.redis_url, f"--suffix={suffix}", "--prefix", f"test{suffix}"]
    argv += ["--group", f"g{suffix}", "--per-second", str(per_s), "--per-campaign", str(per_s), "--at-once", "1"]
    logs = [tmp_path / "one", tmp_path / "other"]
    running = [subprocess.Popen([*argv, "--to-log", str(log)], cwd=REPOSITORY) for log in logs]
    wanted: list[str] = []
    try:

        def both_send() -> bool:
            records = [push_record(f"u{len(wanted) + number}") for number in range(10)]
            wanted.extend(each.push_id for each in records)
            produce(place, topics.push, [(each.user_id.encode(), encode_push(each)) for each in records])
            return all(len(_sent(log)) >= 20 for log in logs)

        wait_until("both send", both_send)
        wait_until("all went", lambda: sum(len(_sent(log)) for log in logs) >= len(wanted))
    finally:
        for each in running:
            each.send_signal(signal.SIGTERM)
        ended = [each.wait(PATIENCE_S) for each in running]
    sent = [told for log in logs for told in _sent(log)]
    assert sorted(push_id for push_id, _ in sent) == sorted(wanted)
    times = [at_ms for _, at_ms in sent]
    # of each hand one message may have had its place before the second began
    most = per_s + per_s // 50 + 1 + len(running)
    assert max(sum(first <= each < first + 1_000 for each in times) for first in times) <= most
    assert ended == [0, 0]


def _partitions(bootstrap: str, topic: str) -> set[int]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        return wait_until("the topic's partitions", lambda: consumer.partitions_for_topic(topic) or set())
    finally:
        consumer.close()


def _sent(log: Path) -> list[tuple[str, int]]:
    lines = log.read_text().splitlines() if log.exists() else []
    return [(told["push_id"], told["at_ms"]) for told in map(json.loads, lines)]
