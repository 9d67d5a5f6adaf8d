"""What `tideline send` makes of a command line, and what it says of the new list."""

from __future__ import annotations

import pytest

from tests.support.command_lines import taken
from tests.support.core_world import NOON_MS
from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.schemas.events import EventType
from tideline.scripts.commands.send_event import describe, event_of

_LIST = b'{"v":[1,1700000000000,3],"m":2,"i":["a1","a2"],"e":[10,10],"k":"t"}'


def test_an_event_about_an_activity_carries_token_and_place_of_the_list() -> None:
    event = event_of(taken("send", "u1 --type click --activity a2"), NOON_MS, _LIST)
    assert (event.user_id, event.type, event.ts_ms) == ("u1", EventType.CLICK, NOON_MS)
    assert (event.activity_id, event.token, event.position) == ("a2", "t", 1)


def test_two_events_have_ids_of_their_own() -> None:
    lines = [event_of(taken("send", "u1 --category TEA"), NOON_MS, None).event_id for _ in range(2)]
    assert lines[0] != lines[1]


@pytest.mark.parametrize(
    ("line", "payload", "told"),
    [
        ("u1 --type click --activity a9", _LIST, "--activity='a9' cannot be used; allowed: one of his list: a1, a2"),
        ("u1 --type click", _LIST, "--activity='None' cannot be used"),
        ("u1 --type click --activity a1", None, "nothing, he has no list yet"),
        ("u1 --activity a1", _LIST, "only with --type impression, click, conversion, dismiss"),
    ],
)
def test_an_activity_that_cannot_be_meant_is_refused_with_those_that_can(
    line: str, payload: bytes | None, told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        event_of(taken("send", line), NOON_MS, payload)
    assert told in str(refused.value)


def test_what_the_job_would_refuse_is_not_sent() -> None:
    """Contract: the codec of the job reads the event before it is written; its message names the field."""
    with pytest.raises(InvalidRecord, match="price"):
        event_of(taken("send", "u1 --price -1"), NOON_MS, None)


def test_each_entry_is_told_with_its_place_before() -> None:
    def entry(position: int, name: str) -> dict[str, object]:
        return {"position": position, "activity_id": name, "kind": "coupon", "title": name.upper()}

    event = event_of(taken("send", "u1 --category TEA"), NOON_MS, None)
    found = {
        "event": event._asdict() | {"type": "view"},
        "seconds": 0.123,
        "before": {"entries": [entry(0, "a"), entry(1, "b")]},
        "after": {"entries": [entry(0, "b"), entry(1, "c")]},
    }
    assert describe(found) == [
        "view of TEA by u1: a new list after 0.12 s",
        "place  was  activity  what it is",
        "    0    1  b         coupon: B",
        "    1  new  c         coupon: C",
        "no longer there: a",
    ]
