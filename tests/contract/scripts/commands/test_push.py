"""`tideline push` with a real Redis; what the topics say is given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.push_log import DAY_MS, HOUR_MS, now_ms, push_record
from tideline.scripts.analysis.push_log import Bought, PushHistory
from tideline.scripts.commands import push
from tideline.scripts.commands.exits import Exit
from tideline.scripts.sending.claims import Claims, Receipt

if TYPE_CHECKING:
    from tests.support.list_stores import Real
    from tideline.udfs.core.push.push_record import PushRecord


@pytest.fixture
def claims(real: Real) -> Claims:
    return Claims(real.client, real.url, real.prefix)


@pytest.fixture
def ask(real: Real, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Returns what a command line prints, of a history that is given."""

    def asked(history: PushHistory, *argv: str, status: Exit = Exit.DONE) -> Any:
        monkeypatch.setattr(push, "_history", lambda arguments: history)
        where = ["--redis-url", real.url, "--prefix", real.prefix] if argv[0] not in ("judge", "plan") else []
        assert push.main([*argv, *where]) == status
        told = capsys.readouterr().out
        return json.loads(told) if "--json" in argv else told

    return asked


def history(records: list[PushRecord], **more: Any) -> PushHistory:
    return PushHistory(records, {}, {}, {}, now_ms())._replace(**more)


def old(number: int, **more: Any) -> PushRecord:
    at_ms = now_ms() - 5 * DAY_MS + number
    return push_record(f"u{number}", due_ms=at_ms, told_ms=at_ms, **more)


def test_a_stop_holds_until_it_is_ended_and_status_says_whose_it_is(claims: Claims, ask: Any) -> None:
    """Contract: of one activity and of all apart; ending what is not stopped changes nothing and says so."""
    nothing = history([])
    assert "all messages stopped" in ask(nothing, "stop", "--by", "ann")
    assert ask(nothing, "stop", "--activity", "tea", "--by", "bob", "--json")["stopped"] is True
    assert claims.barred("u", "milk") == "stopped"
    told = ask(nothing, "status")
    assert "STOPPED: all messages, by ann" in told
    assert "STOPPED: tea, by bob" in told
    assert ask(nothing, "start", "--json") == {"activity_id": None, "stopped": False, "changed": True}
    assert ask(nothing, "start", "--json")["changed"] is False
    assert (claims.barred("u", "milk"), claims.barred("u", "tea")) == (None, "stopped")


def test_status_counts_what_was_sent_withheld_and_not_sent_by_campaign(claims: Claims, ask: Any) -> None:
    """Contract: what is claimed and of which nothing else is known is told beside it, and listed on demand."""
    records = [old(0), old(1), old(2, sent=False), old(3, activity_id="milk")]
    for each in ("20000-0-a", "20000-0-b"):
        claims.claim(each)
    claims.settle("20000-0-b", Receipt("unclear", 5))
    known = history(records, not_sent={records[1].push_id: "expired"}, left_ms={"u9": 7})
    told = ask(known, "status", "--json")
    assert (told["sent"], told["withheld"], told["not_sent"], told["unsubscribed"]) == (2, 1, {"expired": 1}, 1)
    assert (told["lost"], told["unclear"], told["stopped"]) == (1, 1, {})
    tea, milk = told["campaigns"]
    assert (tea["activity_id"], tea["sent"], tea["withheld"], tea["not_sent"]) == ("tea", 1, 1, {"expired": 1})
    assert (milk["activity_id"], milk["sent"], milk["brought"]["low"]) == ("milk", 1, None)
    assert "too little came of either kind to say" in ask(known, "status")
    assert ask(known, "status", "--lost") == "20000-0-a\n"
    assert ask(known, "status", "--lost", "--json") == ["20000-0-a"]


def test_another_threshold_is_judged_or_refused(ask: Any) -> None:
    """Contract: exit status 3 where the log cannot say; a log of what was sent alone is such a one."""
    records = [old(n, sent=n % 10 != 0, value=1.0 if n % 2 else 0.25) for n in range(2_000)]
    bought = {each.user_id: [Bought(each.told_ms + HOUR_MS, 3.0 + each.sent)] for each in records}
    told = ask(history(records, bought=bought), "judge", "--least", "0.5", "--json")
    assert told["changed"] == 1_000
    assert told["pushes"] < 0
    assert told["low"] < told["gain"] < told["high"]
    assert told["refused"] is None
    sent = [each for each in records if each.sent]
    told = ask(history(sent, bought=bought), "judge", "--least", "0.5", "--json", status=Exit.CANNOT_SAY)
    assert "points are missing" in told["refused"]
    assert "the log cannot say" in ask(history(sent), "judge", "--least", "0.5", status=Exit.CANNOT_SAY)


def test_a_plan_needs_a_past(ask: Any) -> None:
    told = ask(history([push_record("u", chance=128, value=2.0)]), "plan", "--days", "1", "--json")
    assert told["campaigns"] == [{"activity_id": "tea", "sends": 0.5, "value": 1.0}]
    assert len(told["hours"]) == 1
    assert "nothing to plan by" in ask(history([]), "plan", status=Exit.CANNOT_SAY)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("sent", "It was sent: 202 said"),
        ("unclear", "it may have been sent"),
        ("stopped", "messages were stopped"),
        ("", "is being sent, or was lost"),
        (None, "No sender has claimed it"),
    ],
)
def test_one_point_is_explained_in_words(claims: Claims, ask: Any, outcome: str | None, words: str) -> None:
    """Contract: whom, when, what it was worth, with which chance, and what became of it."""
    record = push_record("u", also=("milk",), recent=2)
    if outcome is not None:
        claims.claim(record.push_id)
    if outcome:
        claims.settle(record.push_id, Receipt(outcome, now_ms(), "202 said"))
    told = ask(history([record]), "explain", record.push_id)
    assert words in told
    assert "u, about tea, and also milk" in told
    assert "add 0.5, more than the 0.25 that it had to be worth; he had 2 messages" in told
    assert "a chance of 89.8%, and it was drawn to be sent" in told


def test_what_was_withheld_must_be_sent_or_is_not_there_is_said_so(claims: Claims, ask: Any) -> None:
    claims.note("u", now_ms(), agrees=False)
    withheld = push_record("u", sent=False, value=0.1)
    told = ask(history([withheld]), "explain", withheld.push_id)
    assert "Nobody was sent it" in told
    assert "not more than" in told
    assert "By now he has unsubscribed." in told
    must = push_record("v", must=True, chance=256)
    told = ask(history([must], not_sent={must.push_id: "expired"}), "explain", must.push_id)
    assert "It must be sent, whatever it is worth." in told
    assert "too late" in told
    ask(history([must]), "explain", "7-0-x", status=Exit.FAILED)
