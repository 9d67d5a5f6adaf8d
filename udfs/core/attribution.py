"""From impressions, clicks, conversions and dismissals to rewards, each counted once, in whatever order they come.

A decision token proves what was shown and in which context, so the first event of a (list, activity) pair makes its
impression, a click before its impression too: it implies one. Flags then keep every kind of reward from counting twice.
Everything counts at the time of the pair's earliest event; where that turns out to be earlier, the difference is fed
back, so sums by time do not depend on the order of arrival either. What has no token is matched with what is known
when it comes: a conversion or purchase that overtakes its impression or click finds none.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from udfs.core.decision_token import check_slot, verify
from udfs.core.errors import InvalidEvent
from udfs.core.events import Event, EventType
from udfs.core.feedback import Feedback
from udfs.core.hashing import hash32
from udfs.core.user_state import SHOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udfs.core.decision_token import Token, TokenKeys

SEEN, CLICKED, CONVERTED, DISMISSED, CORRECTED = 1, 2, 4, 8, 16
"""Flags of a shown row: an impression event came; a click; a conversion; a dismissal; a conversion below 0."""
MAX_SHOWN = 64
"""Shown rows kept of a user, those of the newest lists; caps and attribution cannot look further back."""
MAX_CENTS = 1_000_000_000
"""Largest worth of one conversion, ten million units: whole numbers of 32 bits hold it and its correction."""

# The layout of SHOWN: a numpy record costs 0.3 us at each access to a field, which made attribution the dearest step.
_SHOWN = struct.Struct("<qqIIiHHBB16s")
if _SHOWN.size != SHOWN.itemsize:
    raise AssertionError("the layouts of a shown row differ")
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
    newest_ms: int
    """Time of the newest applied event, 0 for none."""
    duplicates: int
    late: int
    without_token: int
    dangling: int


@dataclass(slots=True)
class _Shown:
    """A shown row, field by field as in SHOWN."""

    as_of_ms: int
    shown_ms: int
    seq: int
    activity: int
    revenue_cents: int
    generation: int
    encoder: int
    position: int
    flags: int
    x: bytes

    @property
    def key(self) -> tuple[int, int, int, int]:
        return self.generation, self.as_of_ms, self.seq, self.activity

    def encode(self) -> bytes:
        return _SHOWN.pack(
            self.as_of_ms,
            self.shown_ms,
            self.seq,
            self.activity,
            self.revenue_cents,
            self.generation,
            self.encoder,
            self.position,
            self.flags,
            self.x,
        )


def attribute(shown: bytes, events: Sequence[tuple[int, Event]], settings: Attributing) -> Attributed:
    """Apply one user's activity events and purchases, (record number, event) in order of time, to his shown rows.

    With a token an event is applied, a duplicate, or late: of a list older than all MAX_SHOWN rows that are kept. An
    event without a token is organic interest and rewards nothing, except a conversion: it goes to the newest shown row
    of its activity whose impression is at most `window_ms` old (none there: dangling), once. A purchase of an item
    that an activity names is a conversion of its newest clicked row in that window, once.
    """
    ledger = _Ledger(shown, settings)
    for number, event in events:
        if event.type == EventType.PURCHASE:
            ledger.purchase(event)
        elif event.token is not None:
            ledger.with_token(number, event, event.token)
        elif event.type == EventType.CONVERSION:
            ledger.conversion(event)
        else:
            ledger.without_token += 1
    return ledger.outcome()


class _Ledger:
    """A user's shown rows by (list, activity) while events are applied to them, and what came of the events."""

    def __init__(self, shown: bytes, settings: Attributing) -> None:
        rows = [_Shown(*fields) for fields in _SHOWN.iter_unpack(shown)]
        self._rows: dict[tuple[int, int, int, int], _Shown] = {row.key: row for row in rows}
        self._settings = settings
        self._feedback: list[Feedback] = []
        self._decisions: list[ShownDecision] = []
        self._refused: list[tuple[int, InvalidEvent]] = []
        self._applied = self._newest_ms = self._duplicates = self._late = self._dangling = 0
        self.without_token = 0

    def with_token(self, number: int, event: Event, text: str) -> None:
        """Apply an event that names its list."""
        activity_id = event.activity_id or ""
        try:
            token = verify(text, event.user_id, self._settings.keys)
            slot = check_slot(token, hash32(activity_id), event.position)
        except InvalidEvent as error:
            self._refused.append((number, error))
            return
        row = self._row(token, event, slot)
        if row is None:
            self._late += 1
        elif row.flags & _flag(event):
            self._duplicates += 1
        else:
            self._applied += 1
            self._newest_ms = max(self._newest_ms, event.ts_ms)
            self._reward(row, event)

    def conversion(self, event: Event) -> None:
        """Apply a conversion that does not name its list."""
        row = self._newest(event.activity_id or "", event.ts_ms)
        if row is None:
            self._dangling += 1
        elif row.flags & _flag(event):
            self._duplicates += 1
        else:
            self.without_token += 1
            self._reward(row, event)

    def purchase(self, event: Event) -> None:
        """Apply a purchase to the activities that name its item."""
        cents = _cents((event.price or 0.0) * (event.quantity or 1))
        for activity_id in self._settings.activities_of_item.get(event.item_id or "", ()):
            row = self._newest(activity_id, event.ts_ms, needed=CLICKED)
            if row is not None and not row.flags & CONVERTED:
                self._convert(row, activity_id, CONVERTED, cents)

    def outcome(self) -> Attributed:
        """Return the rows in order of (list, activity), so that arrival order leaves no trace, and what happened."""
        return Attributed(
            b"".join([self._rows[key].encode() for key in sorted(self._rows)]),
            self._feedback,
            self._decisions,
            self._refused,
            self._applied,
            self._newest_ms,
            self._duplicates,
            self._late,
            self.without_token,
            self._dangling,
        )

    def _row(self, token: Token, event: Event, slot: int) -> _Shown | None:
        """Return the row of the event's list and activity, made now if need be; None where it is no longer kept."""
        activity_id = event.activity_id or ""
        key = (token.generation, token.as_of_ms, token.seq, hash32(activity_id))
        row = self._rows.get(key)
        if row is not None:
            if event.ts_ms < row.shown_ms:
                self._move(row, activity_id, event.ts_ms)
            return row
        if len(self._rows) >= MAX_SHOWN:
            oldest = min(self._rows)
            if key < oldest:
                return None
            del self._rows[oldest]
        row = _Shown(
            as_of_ms=token.as_of_ms,
            shown_ms=event.ts_ms,
            seq=token.seq,
            activity=key[-1],
            revenue_cents=0,
            generation=token.generation,
            encoder=token.encoder,
            position=slot,
            flags=0,
            x=token.x,
        )
        self._rows[key] = row
        self._decisions.append(ShownDecision(event.user_id, activity_id, slot, event.ts_ms, token))
        self._feedback.append(_increment(row, activity_id, impressions=1))
        return row

    def _newest(self, activity_id: str, at_ms: int, needed: int = 0) -> _Shown | None:
        """Return the newest row of the activity inside the window that has the needed flags, or None."""
        activity = hash32(activity_id)
        found = [
            (row.shown_ms, key)
            for key, row in self._rows.items()
            if key[-1] == activity
            and row.flags & needed == needed
            and 0 <= at_ms - row.shown_ms <= self._settings.window_ms
        ]
        return self._rows[max(found)[1]] if found else None

    def _reward(self, row: _Shown, event: Event) -> None:
        activity_id, flag = event.activity_id or "", _flag(event)
        if event.type == EventType.CONVERSION:
            worth = self._settings.reward_value.get(activity_id, 0.0) if event.value is None else event.value
            self._convert(row, activity_id, flag, _cents(worth))
            return
        row.flags |= flag
        if flag == CLICKED:
            self._feedback.append(_increment(row, activity_id, clicks=1))
        elif flag == DISMISSED:
            self._feedback.append(_increment(row, activity_id, dismissals=1))

    def _convert(self, row: _Shown, activity_id: str, flag: int, cents: int) -> None:
        row.flags |= flag
        row.revenue_cents += cents
        self._feedback.append(_increment(row, activity_id, conversions=int(flag == CONVERTED), revenue_cents=cents))

    def _move(self, row: _Shown, activity_id: str, earlier_ms: int) -> None:
        """Count all that is known of a row at an earlier time than until now."""
        known = {
            "impressions": 1,
            "clicks": int(row.flags & CLICKED > 0),
            "conversions": int(row.flags & CONVERTED > 0),
            "dismissals": int(row.flags & DISMISSED > 0),
            "revenue_cents": row.revenue_cents,
        }
        self._feedback.append(_increment(row, activity_id, **{name: -count for name, count in known.items()}))
        row.shown_ms = earlier_ms
        self._feedback.append(_increment(row, activity_id, **known))


def _flag(event: Event) -> int:
    flag = _FLAG[EventType(event.type)]
    return CORRECTED if flag == CONVERTED and event.value is not None and event.value < 0 else flag


def _cents(worth: float) -> int:
    return max(-MAX_CENTS, min(MAX_CENTS, round(worth * 100)))


def _increment(row: _Shown, activity_id: str, **counts: int) -> Feedback:
    return Feedback(activity_id=activity_id, encoder=row.encoder, ts_ms=row.shown_ms, x=row.x, **counts)
