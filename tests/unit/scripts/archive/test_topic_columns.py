"""Records of topics are read for a log; what is none is left out."""

from __future__ import annotations

from typing import Any

from tests.support.core_world import NOON_MS, activity
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.scripts.archive.topic_activities import activities_of
from tideline.scripts.archive.topic_columns import decisions_of, events_of
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.policies.policy_start import TopicRecord


def test_what_is_no_decision_is_counted_and_ends_nothing() -> None:
    """Contract: garbage, another schema, a context cut short and an id without its placement are left out."""
    good = [DECISION.encode(_decision(f"u{at}")) for at in range(3)]
    placed = DECISION.encode(_decision("v", placement="home", decision_id="1.2.3.1"))
    bad = [
        b"",
        b"{}",
        good[0][:-1],
        b"\x00" * 40,
        DECISION.encode(_decision("x", x=b"short")),
        DECISION.encode(_decision("y", placement="home", decision_id="1.2.home")),
    ]
    records = [TopicRecord(at, b"", value, 0) for at, value in enumerate([*good, *bad, placed])]
    table, refused = decisions_of([*records, TopicRecord(99, b"", None, 0)])
    assert table["user_id"].to_pylist() == ["u0", "u1", "u2", "v"]
    assert refused == len(bad)
    assert decisions_of([])[0].num_rows == 0


def _decision(user: str, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "position": 1,
        "shown_ms": 2,
        "generation": 3,
        "as_of_ms": 4,
        "seq": 5,
        "encoder_version": 6,
    }
    plain |= {"policy_version": 7, "eligible": 8, "explored": True, "x": b"x" * 16, "policy": "ucb"}
    return plain | {"user_id": user, "decision_id": "1.2.3", "activity_id": "a"} | more


def test_events_that_may_be_rewards_and_known_activities() -> None:
    """Contract: organic events and garbage are none; an activity that was deleted since is one as it was."""
    kinds = (EventType.VIEW, EventType.PURCHASE, EventType.CONVERSION)
    told = [Event(f"e{kind}", "u", kind, NOON_MS, activity_id="a" if kind > 4 else None) for kind in kinds]
    records = [TopicRecord(0, b"u", encode_event(each), 2**50) for each in told] + [TopicRecord(3, b"u", b"{", 0)]
    assert [each.type for each in events_of(records)] == [EventType.PURCHASE, EventType.CONVERSION]
    topic = [(b"a", encode_activity(activity("a"))), (b"b", b"garbage"), (b"a", None)]
    assert list(activities_of(TopicRecord(at, *each, 0) for at, each in enumerate(topic))) == ["a"]
