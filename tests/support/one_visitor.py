"""Events of a visitor, u, to a shop of three activities, and what the engine makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.core_world import NOON_MS
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.udfs.core.serving.engine import Outcome, Records, process

if TYPE_CHECKING:
    from tideline.udfs.core.serving.ranker_state import RankerState

NAMES = ["a", "b", "c"]


def impression(token: str, position: int, name: str | None = None) -> Event:
    """Return that u was shown an activity, the one of that place of NAMES where it is not said."""
    shown = NAMES[position] if name is None else name
    at_ms = NOON_MS + 5
    return Event("i", "u", EventType.IMPRESSION, at_ms, activity_id=shown, token=token, position=position)


def run(ranker: RankerState, *events: Event) -> Outcome:
    """Return what becomes of events of users who were never there."""
    values = [encode_event(event) for event in events]
    keys = [event.user_id.encode() for event in events]
    return process(Records(keys, values, [2**50] * len(events)), lambda users: [None] * len(users), ranker)


def decided(ranker: RankerState, *events: Event) -> list[dict[str, Any]]:
    """Return the decision records of events of u."""
    found = run(ranker, *events).decisions
    assert {user for user, _ in found} <= {"u"}
    return [DECISION.decode(record) for _, record in found]
