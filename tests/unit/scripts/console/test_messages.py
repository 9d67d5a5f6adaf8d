"""Contract: the page Messages says what `tideline push` says, and stops what was named, for those who may."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.console_world import NAMES, Browser, MemoryDeployment, console_of
from tests.support.core_world import KEYS, NOON_MS
from tests.support.push_verb import past
from tideline.schemas.errors import ConfigError
from tideline.scripts.console.audit import Audit
from tideline.scripts.console.messages import Switch, hint, push_id_of, switch_of
from tideline.scripts.console.sessions import Role

if TYPE_CHECKING:
    from pathlib import Path

_STOPS = "/api/messages/stops"
_POINT = next(each for each in past().records if each.sent)
_ID = _POINT.push_id


def _operator(deployment: MemoryDeployment, **more: Any) -> Browser:
    return Browser(console_of(deployment, "u*", **more).application()).enter(Role.OPERATOR)


def test_an_operator_stops_one_activity_and_all_and_starts_them_again() -> None:
    """Contract: each answer has what is stopped then; a stop of all and one of an activity are two."""
    deployment = MemoryDeployment()
    browser = _operator(deployment)
    for name in (NAMES[0], None):
        told = browser.ask("POST", _STOPS, {"activity_id": name, "stopped": True}).json()
        assert told["changed"]
    assert [each["activity_id"] for each in told["stops"]] == [None, NAMES[0]]
    assert {each["by"] for each in told["stops"]} == {"an operator at the console"}
    assert browser.ask("GET", _STOPS).json()["stops"] == told["stops"]
    told = browser.ask("POST", _STOPS, {"activity_id": None, "stopped": False}).json()
    assert [each["activity_id"] for each in told["stops"]] == [NAMES[0]]
    assert not browser.ask("POST", _STOPS, {"activity_id": None, "stopped": False}).json()["changed"]


def test_a_stop_of_what_nobody_knows_is_a_stop_and_said_to_be_of_nothing_known() -> None:
    told = _operator(MemoryDeployment()).ask("POST", _STOPS, {"activity_id": "tee-10", "stopped": True}).json()
    assert [(each["activity_id"], each["known"]) for each in told["stops"]] == [("tee-10", False)]


@pytest.mark.parametrize(("role", "writes"), [(Role.VIEWER, "u*"), (Role.OPERATOR, None)])
def test_who_may_not_write_sees_the_stops_and_makes_none(role: Role, writes: str | None) -> None:
    deployment = MemoryDeployment(stopped={"": {"by": "ann", "at_ms": NOON_MS}})
    browser = Browser(console_of(deployment, writes).application()).enter(role)
    for stopped in (True, False):
        assert browser.ask("POST", _STOPS, {"activity_id": None, "stopped": stopped}).status == 403
    (stop,) = browser.ask("GET", _STOPS).json()["stops"]
    assert (stop["by"], deployment.stopped) == ("ann", {"": {"by": "ann", "at_ms": NOON_MS}})


@pytest.mark.parametrize(
    "asked",
    [
        [],
        {},
        {"stopped": True},
        {"activity_id": None},
        {"activity_id": "", "stopped": True},
        {"activity_id": 7, "stopped": True},
        {"activity_id": "a\nb", "stopped": True},
        {"activity_id": "a\ud800", "stopped": True},
        {"activity_id": "x" * 257, "stopped": True},
        {"activity_id": "tea", "stopped": "yes"},
        {"activity_id": "tea", "stopped": 1},
    ],
)
def test_what_is_left_out_never_means_all(asked: Any) -> None:
    deployment = MemoryDeployment()
    assert _operator(deployment).ask("POST", _STOPS, asked).status == 400
    assert deployment.stopped == {}
    with pytest.raises(ConfigError):
        switch_of(asked)


def test_a_switch_is_what_it_says() -> None:
    assert switch_of({"activity_id": "tea", "stopped": False}) == Switch("tea", False)


def test_a_redis_that_is_away_is_said_in_a_line() -> None:
    browser = _operator(MemoryDeployment(down={"redis"}))
    assert browser.ask("GET", _STOPS).status == 503
    assert browser.ask("POST", _STOPS, {"activity_id": None, "stopped": True}).status == 503


def test_stops_and_starts_are_written_down(tmp_path: Path) -> None:
    """Contract: who, when and what; a look at a message is one at its user."""
    audit = Audit(tmp_path / "looks.jsonl", KEYS, lambda: NOON_MS)
    browser = _operator(MemoryDeployment(), audit=audit)
    browser.ask("POST", _STOPS, {"activity_id": "tea-10", "stopped": True})
    browser.ask("POST", _STOPS, {"activity_id": None, "stopped": False})
    browser.ask("GET", f"/api/messages/explain/{_ID}")
    stop, start, look = map(json.loads, (tmp_path / "looks.jsonl").read_text().splitlines())
    assert (stop["act"], stop["activity_id"], stop["role"]) == ("stop", "tea-10", "operator")
    assert (start["act"], start["activity_id"]) == ("start", None)
    assert look["look"] == "message"
    audit.close()


def test_a_message_is_explained_in_the_words_of_the_command() -> None:
    """Contract: without ids its user and what its carrier said are not shown, and no id in words either."""
    shown = _operator(MemoryDeployment(), show_ids=True).ask("GET", f"/api/messages/explain/{_ID}").json()
    assert shown["says"][0] == f"{_ID}: {_POINT.user_id}, about {_POINT.activity_id}"
    assert "250 to ann@shop" in shown["says"][-1]
    hidden = _operator(MemoryDeployment()).ask("GET", f"/api/messages/explain/{_ID}").json()
    assert hidden["user"].startswith("user-")
    assert "ann@shop" not in json.dumps(hidden)
    assert f": {_POINT.user_id}," not in json.dumps(hidden)
    assert hidden["says"][1:-1] == shown["says"][1:-1]


@pytest.mark.parametrize(
    "text", ["--lost", "-h", "x", "../..", "20784-0-", f"{_ID}'", f"{_ID}\n--days=1", "7" * 10_000]
)
def test_what_is_no_id_reaches_no_process(text: str) -> None:
    browser = _operator(MemoryDeployment(), command=[sys.executable, "-c", "raise SystemExit('was started')"])
    answer = browser.ask("GET", f"/api/messages/explain/{text}")
    assert (answer.status in (400, 404), "was started" in answer.body.decode()) == (True, False)
    assert len(answer.body) < 1_000


def test_an_id_that_nobody_knows_is_said_to_be_none() -> None:
    answer = _operator(MemoryDeployment()).ask("GET", f"/api/messages/explain/1-0-{'0' * 32}")
    assert (answer.status, answer.json()["error"]) == (404, "push: there is no such id")
    assert push_id_of(f" {_ID} ") == _ID


def test_where_there_is_nothing_it_is_said_what_to_do() -> None:
    """Contract: no topic and no points are told apart, and another error says itself what it is."""
    no_topic = hint("push: kafka: there is no topic push; make it with scripts/topics", None)
    no_points = hint(None, {"campaigns": []})
    assert "option `push`" in str(no_topic)
    assert "pushes_no_consent" in str(no_points)
    assert hint("redis: refuses the login", None) is hint(None, {"campaigns": [{}]}) is None
