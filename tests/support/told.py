"""What a user is said to have done, and what the learner is told of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, token_for
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.rewards.attribution import Attributed, attribute
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
from tideline.udfs.core.rewards.feedback import Feedback

NAMES = ["a", "b", "c"]
SETTINGS = AttributionSettings.of(KEYS, DAY_MS, {"a": 2.5, "b": 1.0, "c": 1.0}, {"tea": ("a", "b"), "milk": ("b",)})
PURCHASE = Event("p", "u", EventType.PURCHASE, NOON_MS + 600, item_id="tea", price=1.25, quantity=3)
IMPRESSION, CLICK, CONVERSION, DISMISS = EventType.IMPRESSION, EventType.CLICK, EventType.CONVERSION, EventType.DISMISS
LIST_1 = token_for("u", NAMES)


def event(kind: int, name: str = "a", at_ms: int = NOON_MS, token: str | None = LIST_1, **fields: Any) -> Event:
    position = NAMES.index(name) if token else None
    given = {"activity_id": name, "token": token, "position": position} | fields
    return Event(f"{kind}-{name}-{at_ms}", "u", kind, at_ms, **given)


def apply(*batches: list[Event], shown: bytes = b"") -> tuple[Attributed, list[Feedback]]:
    """Apply batches one after the other; return the last outcome and all feedback."""
    feedback: list[Feedback] = []
    outcome = attribute(shown, [], SETTINGS)
    for batch in batches:
        outcome = attribute(outcome.shown or shown, list(enumerate(batch)), SETTINGS)
        feedback += outcome.feedback
    return outcome, feedback


def totals(feedback: list[Feedback]) -> dict[tuple[str, int], tuple[int, ...]]:
    """(impressions, clicks, conversions, dismissals, thousandths) by activity and time, what cancels out left out."""
    sums: Counter[tuple[str, int, str]] = Counter()
    names = ("impressions", "clicks", "conversions", "dismissals", "revenue_milli")
    for each in feedback:
        for name in names:
            sums[each.activity_id, each.ts_ms, name] += getattr(each, name)
    keys = {(activity_id, ts_ms) for activity_id, ts_ms, _ in sums}
    rows = {key: tuple(sums[(*key, name)] for name in names) for key in sorted(keys)}
    return {key: row for key, row in rows.items() if any(row)}


def pages(count: int, kind: int = IMPRESSION) -> list[Event]:
    return [event(kind, at_ms=NOON_MS + at, token=token_for("u", NAMES, NOON_MS + at)) for at in range(count)]


def clicked(name: str, at_ms: int, made: int) -> Event:
    return event(CLICK, name, NOON_MS + at_ms, token=token_for("u", NAMES, NOON_MS + made, seq=made))
