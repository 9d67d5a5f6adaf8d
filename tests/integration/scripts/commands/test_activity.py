"""Contract: what `tideline activity` writes is what the job reads, on a real broker; what is wrong is not written."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.kafka_topics import produce, read_all
from tests.support.wrong_activities import GOOD, WRONG_FILES
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.commands.tideline import main
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.catalogue.activity import decode_activity
from tideline.udfs.core.policies.arm_key import LedgerKey

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.localstack import Stack

pytestmark = pytest.mark.integration
Captured = pytest.CaptureFixture[str]


class Shop:
    """A topic of activities of its own, and the command beside it."""

    def __init__(self, stack: Stack, folder: Path, capsys: Captured) -> None:
        self.stack, self._folder, self._capsys = stack, folder, capsys
        self.suffix = f"-act{os.getpid()}-{folder.name[-12:]}"
        assert main(["topics", "--stack", stack.name, f"--suffix={self.suffix}"]) == 0
        capsys.readouterr()

    @property
    def topic(self) -> str:
        """Its name."""
        return f"activities{self.suffix}"

    def run(self, *argv: str) -> tuple[int, str, str]:
        """Run the command; return exit status, output and complaints."""
        status = main(["activity", *argv, "--stack", self.stack.name, f"--suffix={self.suffix}"])
        return status, *self._capsys.readouterr()

    def put(self, *activities: dict[str, Any], more: str = "") -> tuple[int, str, str]:
        """Put a file of activities."""
        path = self._folder / "put.json"
        path.write_text(json.dumps(activities))
        return self.run("put", str(path), *more.split())

    def shown(self, *ids: str) -> dict[str, Any]:
        """Return what `show` tells by id."""
        status, out, _ = self.run("show", "--json", *ids)
        assert status == 0
        told = {each["activity_id"]: each for each in json.loads(out)}
        assert all(each.keys() == parser_of("activity").sub_verbs()["show"].keys.keys() for each in told.values())
        return told


def test_activities_are_written_shown_changed_and_stopped(stack: Stack, tmp_path: Path, capsys: Captured) -> None:
    """Contract: key = id; nothing is written twice; wrong files, clashes and unknown ids leave the topic as it was."""
    shop = Shop(stack, tmp_path, capsys)
    assert shop.run("show") == (0, f"{shop.topic} holds no activity\n", "")
    for number, wrong in enumerate(WRONG_FILES):
        path = tmp_path / f"wrong-{number}.json"
        path.write_text(wrong.text)
        assert shop.run("put", str(path), "--anyway")[0] == 1, wrong.name
    late = GOOD | {"activity_id": "late", "ends_ms": GOOD["starts_ms"] + 1}
    assert shop.put(GOOD, late)[0] == 1
    assert read_all(stack.kafka_bootstrap, shop.topic) == []

    assert shop.put(GOOD)[1] == "c08-0042: written\n"
    assert shop.put(GOOD)[1] == "c08-0042: is there already\n"
    status, out, told = shop.put(GOOD | {"title": "25 % off", "cost": 1}, late, more="--anyway")
    assert (status, out) == (0, "c08-0042: written, another title, cost\nlate: written\n")
    assert "late: can be shown to nobody: its window is over" in told
    records = read_all(stack.kafka_bootstrap, shop.topic)
    assert [record.key for record in records] == [b"c08-0042", b"c08-0042", b"late"]
    former, newest, _ = (decode_activity(record.key, record.value) for record in records)
    assert former is not None
    assert newest == replace(former, title="25 % off", cost=1.0)

    shown = shop.shown()
    assert (shown["c08-0042"]["open"], shown["late"]["open"]) == (True, False)
    assert "c08-0042: open now" in shop.run("show", "c08-0042")[1]
    assert shop.run("stop", "c08-0042", "gone")[0] == 1
    assert shop.run("stop", "c08-0042", "--status", "paused")[1] == "c08-0042: paused\n"
    assert shop.run("stop", "c08-0042", "--status", "paused")[1] == "c08-0042: was so already\n"
    assert shop.shown("c08-0042")["c08-0042"]["why"] == ["its status is paused"]
    assert json.loads(shop.run("stop", "c08-0042", "--json")[1]) == {"stopped": ["c08-0042"]}
    assert shop.shown("c08-0042")["c08-0042"]["why"] == ["its status is ended"]


def test_what_is_shown_can_be_put_again(stack: Stack, tmp_path: Path, capsys: Captured) -> None:
    """Contract: with every field and form."""
    shop = Shop(stack, tmp_path, capsys)
    caps = [{"of": "group", "max": 3, "window_ms": 86_400_000}, {"of": "all", "max": 9, "window_ms": 60_000}]
    form = [{"any": [{"events": {">": 2}}, {"not": {"category": {"in": ["TEA"]}}}]}]
    more = {"group": "g", "caps": caps, "hours": [["fri", "18:00", "02:00"]], "time_zone": "Asia/Tokyo"}
    rich = GOOD | more | {"rule": {"min_events": 1, "all": form}, "budget": 5, "cost": 1, "after_click_ms": 60_000}
    assert shop.put(rich)[1] == "c08-0042: written\n"

    shown = shop.shown()["c08-0042"]["activity"]

    assert shown["rule"]["all"] == form
    assert shop.put(shown)[1] == "c08-0042: is there already\n"
    assert '"any": [{"events": {">": 2}}' in shop.run("show", "c08-0042")[1]


def test_a_record_that_the_job_refuses_is_told_beside_the_one_that_stays(
    stack: Stack, tmp_path: Path, capsys: Captured
) -> None:
    """Contract: as the job does; a record without value deletes."""
    shop = Shop(stack, tmp_path, capsys)
    stays = GOOD | {"activity_id": "stays"}
    assert shop.put(stays, GOOD | {"activity_id": "goes"})[0] == 0
    produce(stack.kafka_bootstrap, shop.topic, [(b"stays", b'{"kind":"raffle"}'), (b"goes", None), (b"never", b"{}")])

    told = shop.shown("stays", "never")

    assert told["stays"]["open"]
    assert "kind" in told["stays"]["refused"] or "activity_id" in told["stays"]["refused"]
    assert told["stays"]["activity"]["title"] == GOOD["title"]
    assert (told["never"]["open"], told["never"]["activity"]) == (False, None)
    assert shop.run("show", "goes")[0] == 1
    assert shop.put(stays)[1] == "stays: written\n"
    assert shop.shown("stays")["stays"]["refused"] is None


def test_whom_a_rule_reaches_is_counted_in_the_clickstream(stack: Stack, tmp_path: Path, capsys: Captured) -> None:
    """Contract: users of the last day, by their events of so many days; a rule that reaches nobody names the clause."""
    shop = Shop(stack, tmp_path, capsys)
    path = tmp_path / "rule.json"
    tea = {"all": [{"events": {">=": 2}}, {"category": {"in": ["TEA"]}}]}
    path.write_text(json.dumps([GOOD | {"rule": tea}, GOOD | {"activity_id": "none", "rule": {"min_purchases": 1}}]))
    assert shop.run("check", str(path), "--days", "2")[0] == 3
    now_ms = int(time.time() * 1000)
    events = [
        Event(
            f"{user}.{number}", user, EventType.VIEW, now_ms - number * 60_000, category="TEA" if user < "u2" else "X"
        )
        for user in ("u0", "u1", "u2", "u3")
        for number in range(1 if user in ("u0", "u2") else 3)
    ]
    records = [(each.user_id.encode(), encode_event(each)) for each in [*events, events[0]]]
    produce(stack.kafka_bootstrap, f"clickstream{shop.suffix}", records)

    status, out, told = shop.run("check", str(path), "--days", "2")

    assert out.splitlines() == [
        "c08-0042: reaches 1 of 4 users who came in the last day",
        "  rule.all[0]        2 meet it; it alone keeps out 1",
        "  rule.all[1]        2 meet it; it alone keeps out 1",
        "none: reaches 0 of 4 users who came in the last day",
        "  rule.min_purchases 0 meet it; it alone keeps out 4",
    ]
    assert status == 1
    assert "none: can be shown to nobody: nobody who came in the last day meets its rule" in told
    told_json = json.loads(shop.run("check", str(path), "--days", "2", "--json")[1])
    assert told_json.keys() == parser_of("activity").sub_verbs()["check"].keys.keys()
    assert told_json["reach"]["none"] == {
        "users": 4, "reached": 0, "clauses": [{"clause": "rule.min_purchases", "meet": 0, "alone": 4}]
    }  # fmt: skip


def test_where_a_budget_stands_is_shown(stack: Stack, tmp_path: Path, capsys: Captured) -> None:
    """Contract: by the newest record of the policy topic; spent, it cannot be shown, and that is why."""
    shop = Shop(stack, tmp_path, capsys)
    assert shop.put(GOOD | {"activity_id": "paid", "budget": 20, "cost": 1})[0] == 0
    assert (shop.shown("paid")["paid"]["open"], shop.shown("paid")["paid"]["ledger"]) == (True, None)
    told = [Standing(spent_cents=100), Standing(stopped=True, spent_cents=2000, pending_cents=50)]
    records = [(LedgerKey("paid").value, encode_standing("paid", each)) for each in told]
    produce(stack.kafka_bootstrap, f"policy{shop.suffix}", records)
    paid = shop.shown("paid")["paid"]
    assert (paid["open"], paid["ledger"]["spent"], paid["ledger"]["stopped"]) == (False, 20.0, True)
    assert "spent 20.00 of 20.00, 0.50 expected yet" in shop.run("show", "paid")[1]
    assert shop.run("stop", "paid")[0] == 0
