"""From impressions, clicks, conversions and dismissals to rewards, each counted once, in whatever order they come.

A decision token proves what was shown and in which context, so the first event of a (list, activity) pair makes its
impression, a click before its impression too: it implies one. Flags then keep every kind of reward from counting twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from udfs.core.decision_token import check_slot, verify
from udfs.core.errors import InvalidEvent
from udfs.core.events import Event, EventType
from udfs.core.feedback import Feedback
from udfs.core.hashing import hash32
from udfs.core.user_state import SHOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udfs.core.decision_token import Token, TokenKeys

SEEN, CLICKED, CONVERTED, DISMISSED = 1, 2, 4, 8
"""Flags of a shown row: an impression event came; a click; a conversion; a dismissal."""
MAX_SHOWN = 64
"""Shown rows kept of a user, the newest; caps and attribution cannot look further back."""

_FLAG = {
    EventType.IMPRESSION: SEEN,
    EventType.CLICK: CLICKED,
    EventType.CONVERSION: CONVERTED,
    EventType.DISMISS: DISMISSED,
}


class Attributing(NamedTuple):
    """Settings: whose tokens count, how long after its impression a conversion does, which items are about what."""

    keys: TokenKeys
    window_ms: int
    reward_value: Mapping[str, float]
    """Worth of a conversion that reports none, by activity id."""
    activities_of_item: Mapping[str, tuple[str, ...]]
    """Ids of the activities that name an item."""


class ShownDecision(NamedTuple):
    """A first impression: its token, the activity and slot, when and to whom. Becomes a decision record."""

    user: str
    activity_id: str
    slot: int
    shown_ms: int
    token: Token


class Attributed(NamedTuple):
    """Outcome for one user: his new shown rows, what was learned, what was shown, and the fate of each event."""

    shown: bytes
    feedback: list[Feedback]
    decisions: list[ShownDecision]
    refused: list[tuple[int, InvalidEvent]]
    applied: int
    duplicates: int
    organic: int
    dangling: int


def attribute(shown: bytes, events: Sequence[tuple[int, Event]], settings: Attributing) -> Attributed:
    """Apply one user's activity events and purchases, (record number, event) in order of time, to his shown rows.

    An event without a token is organic interest and rewards nothing, except a conversion: it goes to the newest shown
    row of its activity whose impression is at most `window_ms` old; none there: dangling. A purchase of an item that
    an activity names is a conversion of its newest clicked row in that window.
    """
    rows = _Rows(shown)
    feedback: list[Feedback] = []
    decisions: list[ShownDecision] = []
    refused: list[tuple[int, InvalidEvent]] = []
    duplicates = organic = dangling = applied = 0
    for number, event in events:
        if event.type == EventType.PURCHASE:
            feedback += _purchase(rows, event, settings)
            continue
        if event.token is None:
            if event.type != EventType.CONVERSION:
                organic += 1
                continue
            row = rows.newest(event.activity_id or "", event.ts_ms, settings.window_ms)
            if row is None:
                dangling += 1
                continue
        else:
            try:
                token = verify(event.token, event.user_id, settings.keys)
                slot = check_slot(token, hash32(event.activity_id or ""), event.position)
            except InvalidEvent as error:
                refused.append((number, error))
                continue
            row, first = rows.of(token, event, slot)
            if first:
                decisions.append(ShownDecision(event.user_id, event.activity_id or "", slot, event.ts_ms, token))
                feedback.append(_increment(row, event.activity_id or "", impressions=1))
        flag = _FLAG[EventType(event.type)]
        if row["flags"] & flag:
            duplicates += 1
            continue
        row["flags"] |= flag
        applied += 1
        if flag != SEEN:
            feedback.append(_reward(row, event, flag, settings))
    return Attributed(rows.encode(), feedback, decisions, refused, applied, duplicates, organic, dangling)


class _Rows:
    """A user's shown rows while they are being changed."""

    def __init__(self, shown: bytes) -> None:
        self._rows: list[Any] = list(np.frombuffer(shown, SHOWN).copy()) if shown else []

    def of(self, token: Token, event: Event, slot: int) -> tuple[Any, bool]:
        """Return the row of this (list, activity), made now if there is none, and whether it was made."""
        activity = hash32(event.activity_id or "")
        for row in reversed(self._rows):
            if (
                row["as_of_ms"] == token.as_of_ms
                and row["seq"] == token.seq
                and row["activity"] == activity
                and row["generation"] == token.generation
            ):
                return row, False
        row = np.zeros(1, SHOWN)[0]
        row["as_of_ms"], row["seq"], row["generation"] = token.as_of_ms, token.seq, token.generation
        row["shown_ms"], row["activity"], row["position"] = event.ts_ms, activity, slot
        row["encoder"], row["x"] = token.encoder, np.frombuffer(token.x, np.int8)
        self._rows.append(row)
        return row, True

    def newest(self, activity_id: str, at_ms: int, window_ms: int, needed: int = 0) -> Any | None:
        """Return the newest unconverted row of the activity inside the window that has the needed flags, or None."""
        activity = hash32(activity_id)
        found = [
            row
            for row in self._rows
            if row["activity"] == activity
            and not row["flags"] & CONVERTED
            and row["flags"] & needed == needed
            and 0 <= at_ms - int(row["shown_ms"]) <= window_ms
        ]
        return max(found, key=lambda row: (int(row["shown_ms"]), int(row["seq"])), default=None)

    def encode(self) -> bytes:
        """Return the newest MAX_SHOWN rows in order of (list, activity), so that arrival order leaves no trace."""
        if not self._rows:
            return b""
        table = np.array(self._rows, SHOWN)
        order = np.lexsort((table["activity"], table["generation"], table["seq"], table["as_of_ms"]))
        return table[order][-MAX_SHOWN:].tobytes()


def _purchase(rows: _Rows, event: Event, settings: Attributing) -> list[Feedback]:
    found: list[Feedback] = []
    for activity_id in settings.activities_of_item.get(event.item_id or "", ()):
        row = rows.newest(activity_id, event.ts_ms, settings.window_ms, needed=CLICKED)
        if row is not None:
            row["flags"] |= CONVERTED
            worth = (event.price or 0.0) * (event.quantity or 1)
            found.append(_increment(row, activity_id, conversions=1, revenue_cents=round(worth * 100)))
    return found


def _increment(row: Any, activity_id: str, impressions: int = 0, **rewards: int) -> Feedback:
    return Feedback(
        activity_id=activity_id,
        encoder=int(row["encoder"]),
        ts_ms=int(row["shown_ms"]),
        x=row["x"].tobytes(),
        impressions=impressions,
        **rewards,
    )


def _reward(row: Any, event: Event, flag: int, settings: Attributing) -> Feedback:
    activity_id = event.activity_id or ""
    if flag == CLICKED:
        return _increment(row, activity_id, clicks=1)
    if flag == DISMISSED:
        return _increment(row, activity_id, dismissals=1)
    worth = settings.reward_value.get(activity_id, 0.0) if event.value is None else event.value
    return _increment(row, activity_id, conversions=1, revenue_cents=round(worth * 100))
