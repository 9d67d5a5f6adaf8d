"""Real senders on a real Kafka and Redis: killed anywhere, stopped, and beside users who unsubscribe."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.topics import Topics
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.commands.redis_target import client_of
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.localstack import kafka, process, redis
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.launch import READY_WITHIN_S
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.scripts.sending.claims import Claims
from tideline.udfs.core.push.push_record import PushRecord, encode_push
from tideline.udfs.core.push.push_user import push_id
from tideline.udfs.io.kafka_cluster import KafkaCluster

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

KILLS, SEED = 20, 20
_OF_A_KILL = 30
_DAY_MS, _GOOD_FOR_MS = 86_400_000, 7_200_000
_PATIENCE_S = 120.0
_PREFIX = "bench"


class Sent(NamedTuple):
    """A message that went: its id, whom it went to, when."""

    push_id: str
    user_id: str
    at_ms: int


class Place(NamedTuple):
    """A broker and a Redis, and where messages go."""

    cluster: KafkaCluster
    redis_url: str
    folder: Path

    def sender(self, log: str, *more: str) -> subprocess.Popen[bytes]:
        """Start one; it shares topic, group and claims with all others."""
        argv = [sys.executable, "-m", "tideline.scripts.commands.tideline", "push_sender"]
        where = ["--bootstrap", self.cluster.bootstrap, "--redis-url", self.redis_url, "--prefix", _PREFIX]
        with (self.folder / "senders.log").open("ab") as told:
            through = ["--to-log", str(self.folder / log)]
            return subprocess.Popen([*argv, *where, *through, *more], cwd=REPOSITORY, stderr=told)

    def claims(self) -> Claims:
        """Return the claims of all senders."""
        return Claims(client_of(self.redis_url), self.redis_url, _PREFIX)

    def write(self, records: Iterable[PushRecord]) -> int:
        """Write records to the topic of pushes; return how many."""
        needs = f"Write on topic {Topics().push}"
        with self.cluster.producer("writing pushes", needs) as producer:
            sent = [producer.send(Topics().push, key=r.user_id.encode(), value=encode_push(r)) for r in records]
            for each in sent:
                each.get(timeout=_PATIENCE_S)
        return len(sent)

    def sent(self, log: str) -> list[Sent]:
        """Return what went so far."""
        path = self.folder / log
        lines = path.read_text().splitlines() if path.exists() else []
        told = [json.loads(line) for line in lines]
        return [Sent(each["push_id"], each["user_id"], each["at_ms"]) for each in told]

    def wait(self, log: str, messages: int) -> None:
        """Wait until so many went."""
        until_s = time.monotonic() + _PATIENCE_S
        while len(self.sent(log)) < messages:
            if time.monotonic() > until_s:
                raise StackError(f"push_sender: no {messages} messages; see {self.folder / 'senders.log'}")
            time.sleep(0.01)


@cache
def measure() -> Mapping[str, Any]:
    """Return the three figures; each part of a benchmark that wants one of them shares the run."""
    with tempfile.TemporaryDirectory() as name, _place(Path(name)) as place:
        return {
            "sent_twice": _killed(place),
            "unsubscribed_sent": _beside_leavers(place),
            "kill_switch_s": _stopped(place),
        }


@contextmanager
def _place(root: Path) -> Iterator[Place]:
    port, controller, redis_port = process.free_ports(3)
    bootstrap, url = f"127.0.0.1:{port}", f"redis://127.0.0.1:{redis_port}/0"
    running = [redis.start(root, redis_port), kafka.start(root, port, controller)]
    try:
        until_s = time.monotonic() + READY_WITHIN_S
        process.wait_ready("redis", lambda: redis.answers(url), running, until_s)
        process.wait_ready("kafka", lambda: kafka.answers(bootstrap), running, until_s)
        cluster = KafkaCluster(bootstrap)
        ensure_topics(cluster, Topics())
        yield Place(cluster, url, root)
    finally:
        process.stop(running)


def _records(name: str, count: int) -> list[PushRecord]:
    now_ms = time.time_ns() // 1_000_000
    return [made_record(f"{name}{number}", now_ms, sent=number % 10 != 9) for number in range(count)]


def made_record(user: str, now_ms: int, number: int = 0, *, sent: bool = True) -> PushRecord:
    """Return a record of a user's day, due now and good for two hours; the number tells those of a day apart."""
    return PushRecord(
        push_id=push_id(user, now_ms // _DAY_MS, number),
        user_id=user,
        sent=sent,
        activity_id="tea",
        also=(),
        due_ms=now_ms,
        told_ms=now_ms,
        expires_ms=now_ms + _GOOD_FOR_MS,
        must=False,
        chance=230,
        value=0.5,
        price=0.25,
        recent=0,
        hour_chance=1.0,
        encoder_version=1,
        policy_version=1,
        x=bytes(16),
    )


def _killed(place: Place) -> dict[str, int]:
    """Kill senders at seeded points, then let the last one come to the end."""
    chance, records = np.random.default_rng(SEED), _records("k", KILLS * _OF_A_KILL)
    wanted = {each.push_id for each in records if each.sent}
    place.write(records)
    for number in range(KILLS):
        running = place.sender("killed", "--per-second", "200")
        place.wait("killed", len(place.sent("killed")) + int(chance.integers(1, _OF_A_KILL // 3)))
        time.sleep(chance.random() * 0.02)
        running.send_signal(signal.SIGKILL)
        if running.wait() != -signal.SIGKILL:
            raise StackError("push_sender: it was over before it was killed")
        say(f"killed {number + 1} of {KILLS}, {len(place.sent('killed'))} messages so far")
    _at_end(place, "killed")
    sent = place.sent("killed")
    lost = {each for each, receipt in place.claims().every() if not receipt.outcome}
    missing = wanted - {each.push_id for each in sent} - lost
    if missing:
        raise StackError(f"push_sender: {len(missing)} messages neither went nor have a claim")
    return {"twice": twice_of(sent), "kills": KILLS, "messages": len(sent), "lost": len(lost)}


def _beside_leavers(place: Place) -> dict[str, int]:
    """Let every other user unsubscribe while messages go, and count what went to one after that was accepted."""
    records = _records("l", 1_000)
    users = [each.user_id for each in records]
    place.write(records)
    running = place.sender("left", "--per-second", "60", "--until-end")
    place.wait("left", 20)
    accepted: dict[str, int] = {}
    with place.cluster.producer("unsubscribing", f"Write on topic {Topics().clickstream}", acks="all") as producer:
        for user in np.random.default_rng(SEED).permutation(users)[: len(users) // 2].tolist():
            event = Event(f"left-{user}", user, EventType.UNSUBSCRIBE, time.time_ns() // 1_000_000)
            sent = producer.send(Topics().clickstream, key=user.encode(), value=encode_event(event))
            sent.get(timeout=_PATIENCE_S)
            accepted[user] = time.time_ns() // 1_000_000
            time.sleep(0.01)
    _ended(running)
    sent = place.sent("left")
    return {"sent": after_of(sent, accepted), "unsubscribed": len(accepted), "messages": len(sent)}


def _stopped(place: Place) -> float:
    """Stop all while thousands wait; return seconds from the command to the last message."""
    place.write(_records("s", 2_000))
    running = place.sender("stopped", "--per-second", "400", "--until-end")
    place.wait("stopped", 100)
    stopped_ms = time.time_ns() // 1_000_000
    place.claims().stop(None, "bench", stopped_ms)
    _ended(running)
    place.claims().start(None)
    sent = place.sent("stopped")
    if len(sent) > 1_500:
        raise StackError("push_sender: nothing waited when it was stopped")
    return round(max(0, max(each.at_ms for each in sent) - stopped_ms) / 1000, 3)


def _at_end(place: Place, log: str) -> None:
    _ended(place.sender(log, "--per-second", "1000", "--until-end"))


def _ended(running: subprocess.Popen[bytes]) -> None:
    if running.wait(_PATIENCE_S) != 0:
        raise StackError(f"push_sender: exit status {running.returncode}")


def twice_of(sent: Iterable[Sent]) -> int:
    """Return how many ids went more than once."""
    return sum(times > 1 for times in Counter(each.push_id for each in sent).values())


def after_of(sent: Iterable[Sent], accepted: Mapping[str, int]) -> int:
    """Return how many messages went to users after their unsubscribing was accepted, by its time in epoch ms."""
    return sum(each.at_ms > accepted.get(each.user_id, each.at_ms) for each in sent)
