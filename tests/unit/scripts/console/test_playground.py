"""Contract: a list is shown as `tideline list` tells it, and an event is made as `tideline send` makes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.console_world import NAMES, list_of
from tests.support.core_world import NOON_MS, activity
from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.schemas.events import EventType
from tideline.scripts.console.playground import event_for, list_document, told_of_event
from tideline.scripts.simulation.lists import Stops

_KNOWN = {name: activity(name, title=name.title(), categories=("TEA",)) for name in NAMES}


def test_a_list_is_told_beside_its_bytes_with_a_reason_for_each_entry() -> None:
    payload = list_of(NAMES)
    found = list_document("u1", payload, NOON_MS, _KNOWN)
    assert found["raw"] == payload.decode()
    assert [each["title"] for each in found["list"]["entries"]] == ["Tea-10", "Milk-5", "Wine-2"]
    assert all(each["reason"].startswith("TEA: ") for each in found["list"]["entries"])
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"7", b'{"v":1}', b'{"v":[1,2,3],"i":["a"],"e":[]}', b"\xff"])
def test_what_is_no_list_is_shown_as_it_is(payload: bytes) -> None:
    found = list_document("u1", payload, NOON_MS, {})
    assert found["list"] is None
    assert "no list" in found["error"]
    json.dumps(found)


def test_what_is_stopped_is_told_to_be_over() -> None:
    """Contract: as a page shows the list that reads the stop list beside it."""
    told = list_document("u1", list_of(NAMES), NOON_MS, _KNOWN, stops=Stops(frozenset({NAMES[1]})))
    assert [each["over"] for each in told["list"]["entries"]] == [False, True, False]


def test_a_user_without_a_list_has_none() -> None:
    assert list_document("u1", None, NOON_MS, {})["list"] is None


def test_a_click_carries_token_and_place_of_his_list() -> None:
    event = event_for(b'{"user":"user-x","type":"click","activity":"milk-5"}', list_of(NAMES), NOON_MS, "u1")
    assert (event.user_id, event.type, event.position) == ("u1", EventType.CLICK, 1)
    assert event.token == json.loads(list_of(NAMES))["k"]
    assert told_of_event(event, "user-x")["user_id"] == "user-x"
    assert "u1" not in told_of_event(event, "user-x").values()


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ([], "body"),
        ({}, "user"),
        ({"user": ""}, "user"),
        ({"user": 7}, "user"),
        ({"user": "u1", "type": "buy"}, "type"),
        ({"user": "u1", "type": ["view"]}, "type"),
        ({"user": "u1", "category": 7}, "category"),
        ({"user": "u1", "price": "4"}, "price"),
        ({"user": "u1", "price": True}, "price"),
        ({"user": "u1", "quantity": 1.5}, "quantity"),
        ({"user": "u1", "token": "AQ"}, "body"),
        ({"user": "u1", "event_id": "mine"}, "body"),
        ({"user": "u1", "type": "click", "activity": "absent"}, "--activity"),
    ],
)
def test_what_is_of_another_form_is_refused_by_name(asked: Any, names: str) -> None:
    """Contract: neither token nor id nor time of an event are the browser's to say."""
    with pytest.raises(ConfigError, match=names):
        event_for(json.dumps(asked).encode(), list_of(NAMES), NOON_MS, "u1")


@pytest.mark.parametrize("asked", [{"price": -1}, {"price": 1e400}, {"category": "x" * 70_000}, {"quantity": 10**30}])
def test_what_the_job_would_refuse_is_not_sent(asked: dict[str, Any]) -> None:
    with pytest.raises((InvalidRecord, ConfigError)):
        event_for(json.dumps({"user": "u1", "type": "view"} | asked).encode(), None, NOON_MS, "u1")


def test_a_user_whose_id_cannot_be_printed_is_refused() -> None:
    with pytest.raises(ConfigError, match="USER"):
        event_for(b'{"user":"a","category":"TEA"}', None, NOON_MS, "a\x1b[31m")
