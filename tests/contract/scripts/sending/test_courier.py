"""A topic that is read and delivered: kills, ends, bad records, counts. Redis is real; Kafka is not."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.push_log import now_ms, push_record
from tests.support.push_process import Committed, Heard, Untold, write_records
from tests.support.waiting import PATIENCE_S
from tideline.schemas.codec import decode_event
from tideline.schemas.errors import Reason, Unavailable
from tideline.schemas.events import EventType
from tideline.schemas.topics import Topics
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.scripts.sending.carriers import Refused
from tideline.scripts.sending.claims import Claims
from tideline.scripts.sending.courier import Courier, Pace
from tideline.scripts.sending.delivery import Delivery, Fate
from tideline.scripts.sending.parked import Parked, Rates
from tideline.scripts.sending.reports import Reports
from tideline.udfs.core.push.push_record import PushRecord, encode_push

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.list_stores import Real

KILLS, PACE = 20, Pace(10, 2)


class Quick:
    """Takes every message; the first `refused` ids it does not."""

    def __init__(self, wait_s: float = 0.0, refused: tuple[str, ...] = ()) -> None:
        self.sent: list[tuple[str, float]] = []
        self._wait_s, self._refused = wait_s, refused

    def send(self, record: PushRecord) -> str:
        if record.user_id in self._refused:
            raise Refused("unknown")
        self.sent.append((record.push_id, time.monotonic()))
        time.sleep(self._wait_s)
        return "ok"


class Kept:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, bytes | None, list[tuple[str, bytes]]]] = []

    def send(self, topic: str, key: Any = None, value: Any = None, headers: Any = None) -> Any:
        self.sent.append((topic, key, value, headers))
        return SimpleNamespace(get=lambda timeout: None)


class World:
    """A courier with what it leaves behind."""

    def __init__(self, real: Real, records: list[PushRecord | bytes], carrier: Quick, pace: Pace = PACE) -> None:
        values = [each if isinstance(each, bytes) else encode_push(each) for each in records]
        self.consumer, self.producer, self.said = Committed(values), Kept(), list[str]()
        self.claims = Claims(real.client, real.url, real.prefix)
        self.delivery, self.parked = Delivery(self.claims, Heard(), carrier), Parked(self.claims, Rates(10_000))
        reports = Reports(self.producer, Topics())
        self.courier = Courier(
            self.consumer, self.delivery, self.parked, reports, lambda line, _: self.said.append(line), pace
        )


@pytest.mark.parametrize("rates", [("100000",), ("400", "100")])
def test_a_sender_that_is_killed_anywhere_sends_no_id_twice(real: Real, tmp_path: Path, rates: tuple[str, ...]) -> None:
    """Contract: kill -9 at twenty points of a run, seeded: 0 sent twice; what is missing has a claim and no receipt."""
    activities = ("tea", "coffee", "milk")
    records = [
        push_record(f"u{number}", sent=number % 10 != 0)._replace(activity_id=activities[number % 3])
        for number in range(600)
    ]
    write_records(tmp_path, [encode_push(each) for each in records])
    argv = [sys.executable, "-m", "tests.support.push_process", real.url, real.prefix, str(tmp_path), *rates]
    chance, kills, sent = random.Random(20), 0, tmp_path / "sent"
    while True:
        begun = len(sent.read_bytes().splitlines()) if sent.exists() else 0
        running = subprocess.Popen(argv, cwd=REPOSITORY)
        if kills == KILLS:
            assert running.wait(PATIENCE_S) == 0
            break
        want, until_s = begun + chance.randint(1, 20), time.monotonic() + PATIENCE_S
        while running.poll() is None and time.monotonic() < until_s:
            if sent.exists() and len(sent.read_bytes().splitlines()) >= want:
                break
        time.sleep(chance.random() * 0.01)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL, "it was over before it was killed"
        kills += 1
    times = Counter(json.loads(line)["push_id"] for line in sent.read_text().splitlines())
    wanted = {each.push_id for each in records if each.sent}
    claims = dict(Claims(real.client, real.url, real.prefix).every())
    lost = {each for each, receipt in claims.items() if not receipt.outcome}
    assert max(times.values()) == 1
    assert times.keys() <= wanted
    assert wanted - times.keys() <= lost
    assert claims.keys() == wanted
    assert len(lost) <= 4 * KILLS
    assert int((tmp_path / "offset").read_text()) == len(records)


def test_a_stop_holds_for_all_that_waits_within_two_seconds(real: Real) -> None:
    """Contract: measured from the command to the last message: far below 2 s, and all else is told as stopped."""
    carrier = Quick(0.005)
    world = World(real, [push_record(f"u{number}") for number in range(2_000)], carrier, Pace(500, 8))
    runs = threading.Thread(target=world.courier.run, args=(world.courier.is_at_end,))
    runs.start()
    while len(carrier.sent) < 50:
        time.sleep(0.001)
    world.claims.stop(None, "ann", now_ms())
    stopped_s = time.monotonic()
    runs.join(PATIENCE_S)
    assert carrier.sent[-1][1] - stopped_s < 2.0
    counts = world.courier.counts
    assert counts["sent"] == len(carrier.sent) < 1_000
    assert counts["sent"] + counts["stopped"] == 2_000
    assert len(world.producer.sent) == counts["stopped"]


def test_what_was_not_sent_gives_room_back_and_what_nobody_took_is_a_dead_letter(real: Real) -> None:
    """Contract: an event that the job reads, by the id of the push, with why; the record, byte for byte."""
    records: list[PushRecord | bytes] = [
        push_record("bad"),
        push_record("old", expires_ms=now_ms() - 5),
        push_record("good"),
        b"rubbish",
    ]
    world = World(real, records, Quick(refused=("bad",)))
    world.courier.run(world.courier.is_at_end)
    assert world.courier.counts == {"failed": 1, "expired": 1, "sent": 1, "refused": 1}
    sent = world.producer.sent
    events = [decode_event(key, value, now_ms()) for topic, key, value, _ in sent if topic == "clickstream"]
    told = {each.user_id: (each.type, each.event_id, each.category, each.activity_id) for each in events}
    assert told == {
        each.user_id: (EventType.PUSH_FAILED, each.push_id, why, "tea")
        for each, why in zip(records[:2], ("failed", "expired"), strict=True)
        if isinstance(each, PushRecord)
    }
    letters = {value: dict(headers) for topic, _, value, headers in sent if topic == "dead-letters"}
    assert letters[encode_push(records[0])]["reason"] == Reason.PUSH_FAILED.value.encode()  # type: ignore[arg-type]
    assert letters[encode_push(records[0])]["error"] == b"unknown"  # type: ignore[arg-type]
    assert letters[b"rubbish"]["source_offset"] == b"3"
    assert len(sent) == 4


def test_an_end_finishes_what_has_begun_and_commits_what_is_done(real: Real) -> None:
    """Contract: every message that went is committed or claimed, and the next sender goes on without a gap."""
    carrier = Quick(0.02)
    world = World(real, [push_record(f"u{number}") for number in range(300)], carrier, Pace(100, 2))
    runs = threading.Thread(target=world.courier.run, args=(world.courier.is_at_end,))
    runs.start()
    while len(carrier.sent) < 10:
        time.sleep(0.001)
    world.delivery.end()
    runs.join(PATIENCE_S)
    assert 10 <= len(carrier.sent) < 100
    assert world.consumer.committed <= len(carrier.sent)
    assert all(receipt.outcome for _, receipt in world.claims.every())
    rest = World(real, list(world.consumer.values), Quick())
    rest.consumer.at = world.consumer.committed
    rest.courier.run(rest.courier.is_at_end)
    assert rest.courier.counts["sent"] == 300 - len(carrier.sent)


def test_a_world_that_fails_ends_it_with_what_is_done_committed(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: the error is raised once the records before it are committed; none behind it is."""
    records: list[PushRecord | bytes] = [push_record(f"u{number}") for number in range(10)]
    world = World(real, records, Quick(), Pace(10, 1))
    heard = [0]

    def fail() -> None:
        heard[0] += 1
        if heard[0] == 5:
            raise Unavailable("kafka", "gone")

    monkeypatch.setattr(Heard, "as_of_now", lambda _: fail())
    with pytest.raises(Unavailable):
        world.courier.run(world.courier.is_at_end)
    assert world.consumer.committed == 4
    assert 4 <= world.courier.counts["sent"] < 10


def test_lines_and_metrics_tell_every_fate(real: Real) -> None:
    """Contract: Prometheus finds each with its number, also of what never happened."""
    world = World(real, [push_record("a"), push_record("b", sent=False)], Quick())
    courier = Courier(
        world.consumer,
        world.delivery,
        world.parked,
        Untold(),  # type: ignore[arg-type]
        lambda line, _: world.said.append(line),
    )
    courier.run(courier.is_at_end)
    assert world.said[-1] == "2 read, 0 waiting: 1 sent, 1 withheld"
    written = courier.page
    assert {f'tideline_push_records_total{{fate="{each.value}"}}' for each in Fate} <= {
        line.rpartition(" ")[0] for line in written.splitlines()
    }
    assert 'fate="withheld"} 1\n' in written
