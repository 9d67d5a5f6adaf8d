"""Contract: what lists of a replay would have earned, the log of a running job tells as it is."""

from __future__ import annotations

import json
import os
import time
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pyarrow import parquet

from tests.support.core_world import activity
from tests.support.live import LiveJob
from tests.support.replayed import replayed
from tests.support.traffic import Message
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.commands import diff, export_log
from tideline.udfs.io.topic_reader import topic_ends

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.localstack import Stack

    Evidence = Any

pytestmark = [pytest.mark.fault, pytest.mark.slow]
Captured = pytest.CaptureFixture[str]
_DAY_MS = 86_400_000
_CLICKED = {f"a{at}": chance for at, chance in enumerate((0.6, 0.3, 0.2, 0.1, 0.05, 0.02))}
_TEACHERS = [f"teacher-{at}" for at in range(600)]
_USERS = [f"user-{at}" for at in range(3_000)]
_PLACES = 3


class _Shop:
    """Visitors of a live job who click as the chances of what they see say."""

    def __init__(self, stack: Stack) -> None:
        self.job = LiveJob(stack, f"worth{os.getpid()}", policy="linucb", exploration="0.25", list_size=str(_PLACES))
        now_ms, self._draw, self.shown = int(time.time() * 1000), Random(4), 0
        self.lists: dict[str, bytes] = {}
        """Those that were seen last."""
        names = list(_CLICKED)
        self.job.put_activities(
            [activity(each, starts_ms=now_ms - _DAY_MS, ends_ms=now_ms + _DAY_MS) for each in names]
        )
        self.job.start()

    def come(self, users: list[str]) -> None:
        """Let each view an item, and wait for the lists."""
        now_ms = int(time.time() * 1000)
        self._tell([Event(f"v-{user}", user, EventType.VIEW, now_ms, item_id="i", category="tea") for user in users])

    def see(self, users: list[str]) -> None:
        """Show each his list, and let him click."""
        events, now_ms = list[Event](), int(time.time() * 1000)
        self.lists = self.job.lists(users)
        for user, payload in self.lists.items():
            found = json.loads(payload)
            for at, name in enumerate(found["i"]):
                kinds = [EventType.IMPRESSION, *([EventType.CLICK] * (self._draw.random() < _CLICKED[name]))]
                events += [
                    Event(f"{kind}-{at}-{user}", user, kind, now_ms, activity_id=name, token=found["k"], position=at)
                    for kind in kinds
                ]
                self.shown += 1
        self._tell(events)

    def _tell(self, events: list[Event]) -> None:
        self.job.produce([Message(each.user_id.encode(), encode_event(each)) for each in events])
        self.job.drain()

    def ends(self) -> dict[str, int]:
        """Return where the clickstream ends."""
        every = topic_ends(self.job.stack.kafka, self.job.topics.clickstream)
        return {str(number): end for number, end in every.items()}


def test_the_worth_of_a_replays_lists_is_told_by_the_log_of_those_that_were_shown(
    stack: Stack, capsys: Captured, tmp_path: Path, evidence: Evidence
) -> None:
    """Contract: range, replay, log, comparison: a policy that ranks as live did, by the version that live ranked by, is
    worth what was shown, which is as likely to be clicked as its places are."""
    shop = _Shop(stack)
    job = shop.job
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    shop.come(_TEACHERS)
    shop.see(_TEACHERS)
    job.wait_learned()
    begin, pin = shop.ends(), str(topic_ends(stack.kafka, job.topics.policy)[0] - 1)
    shop.come(_USERS)
    where = ("--from", json.dumps(begin), "--to", json.dumps(shop.ends()))
    replayed(job, capsys, "worth", *where, policy="popular", policy_pin=pin)
    shop.see(_USERS)
    log = tmp_path / "decisions.parquet"
    wait_until("every shown entry is a decision", lambda: _exported(job, log) >= shop.shown)
    capsys.readouterr()
    told = ["worth", "--stack", stack.name, "--prefix", job.options["prefix"], "--log", str(log), "--json"]
    assert diff.main(told) == 0
    found = json.loads(capsys.readouterr().out)
    value, chances = found["value"], _chances(shop)
    evidence("a diff by a log", {"value": value, "chances": chances, "users": found["users"]})
    assert value["refused"] is None
    assert value["users"] > 2_000
    assert found["moved_on"] > 2_000, "nobody came back"
    for each in ("then", "now"):  # in the last place draws often hide who would stand there: it is left out
        assert chances[-1] < value[each]["value"] < chances[0], each
    low, high = value["difference"]["ci95"]
    assert abs(value["difference"]["value"]) <= high - low < 0.02  # twice as wide as one that misses once in twenty
    stack.rest.cancel(job.job_id)


def _exported(job: LiveJob, log: Path) -> int:
    where = ["--stack", job.stack.name, f"--suffix=-{job.tag}", "--out", str(log)]
    assert export_log.main(where) == 0
    return int(parquet.read_metadata(log).num_rows)


def _chances(shop: _Shop) -> list[float]:
    """Return by place how often the entries that were shown there are clicked, by the chances that nobody was told."""
    shown = [json.loads(payload)["i"] for payload in shop.lists.values()]
    return [float(np.mean([_CLICKED[names[place]] for names in shown])) for place in range(_PLACES)]
