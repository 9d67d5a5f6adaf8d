"""From impressions, clicks, conversions and dismissals to rewards, each counted once, in whatever order they come.

A decision token proves what was shown and in which context, so the first event of a (list, activity) pair makes its
impression, a click before its impression too: it implies one. Flags then keep every kind of reward from counting twice.
A conversion has the worth that was reported last: a later report replaces an earlier one, by the difference.
Everything counts at the time of the pair's earliest event; where that turns out to be earlier, the difference is fed
back, so sums by time do not depend on the order of arrival either. An impression weighs what its place weighed when it
was first heard of, in a cascade what the clicks above it say; that is kept with it, so what is taken back is what was
added. What has no token is matched with what is known when it comes: a conversion or purchase that overtakes its
impression or click finds none.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from udfs.core.decision_token import MAX_SLOTS, check_slot, verify
from udfs.core.errors import InvalidEvent
from udfs.core.events import Event, EventType
from udfs.core.feedback import Feedback
from udfs.core.hashing import activity_hash
from udfs.core.join import Join
from udfs.core.shown_row import (
    ASSUMED,
    BOUGHT,
    CLICKED,
    CONVERTED,
    DISMISSED,
    REPORTED,
    SEEN,
    ShownRow,
    decode_shown,
    worth_of,
)
from udfs.core.slot_tags import slot_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udfs.core.decision_token import Token, TokenKeys

MAX_SHOWN = 64
"""Shown rows kept of a user, those of the newest lists; caps and attribution cannot look further back."""
MAX_CENTS = 1_000_000_000
"""Largest worth of one conversion, ten million units: whole numbers of 32 bits hold the difference of two."""

_APPLIED = (Join.MATCHED, Join.REVISED)
_FLAG = {
    EventType.IMPRESSION: SEEN,
    EventType.CLICK: CLICKED,
    EventType.CONVERSION: CONVERTED,
    EventType.DISMISS: DISMISSED,
}


class Attributing(NamedTuple):
    """Whose tokens count, how long after its impression a conversion does, what items are about, what places weigh."""

    keys: TokenKeys
    window_ms: int
    reward_value: Mapping[str, float]
    """Worth of a conversion that reports none, by activity id."""
    activities_of_item: Mapping[str, tuple[str, ...]]
    """Ids of the activities that name an item."""
    overlooked: tuple[int, ...] = (0,) * MAX_SLOTS
    """By place, the hundredths by which an impression there counts less than a whole one."""
    cascade: Cascade | None = None
    """Weighs impressions below a click in the place of `overlooked`."""


class Cascade(NamedTuple):
    """A list is read from the top until a click, and on from there by some (Guo, Liu and Wang 2009)."""

    overlooked: int
    """The hundredths by which an impression below its list's first click counts less than a whole one."""
    activity_ids: Mapping[int, str]
    """By activity_hash; an impression of one that is not there keeps the weight it has."""


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
    joined: Counter[Join]
    """How many events had which outcome; refused ones have none."""


def attribute(shown: bytes, events: Sequence[tuple[int, Event]], settings: Attributing) -> Attributed:
    """Apply one user's activity events and purchases, (record number, event) in order of time, to his shown rows.

    With a token an event is applied, a duplicate, or late: of a list older than all MAX_SHOWN rows that are kept. An
    event without a token is organic interest and rewards nothing, except a conversion: it goes to the newest shown row
    of its activity whose impression is at most `window_ms` old. A purchase of an item that an activity names is a
    conversion of its newest clicked row in that window. A row converts once; its worth is that of its newest report
    with a value, else of its first purchase, else the activity's reward value.
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
            ledger.joined[Join.WITHOUT_TOKEN] += 1
    return ledger.outcome()


class _Ledger:
    """A user's shown rows by (list, activity) while events are applied to them, and what came of the events."""

    def __init__(self, shown: bytes, settings: Attributing) -> None:
        self._rows = {row.key: row for row in decode_shown(shown)}
        self._settings = settings
        self._feedback: list[Feedback] = []
        self._decisions: list[ShownDecision] = []
        self._refused: list[tuple[int, InvalidEvent]] = []
        self._applied = self._newest_ms = 0
        self.joined: Counter[Join] = Counter()

    def with_token(self, number: int, event: Event, text: str) -> None:
        """Apply an event that names its list."""
        activity_id = event.activity_id or ""
        try:
            token = verify(text, event.user_id, self._settings.keys)
            tag = slot_tag(activity_id, self._settings.keys.secrets[token.key_id])
            slot = check_slot(token, tag, event.position)
        except InvalidEvent as error:
            self._refused.append((number, error))
            return
        if activity_id not in self._settings.reward_value:
            self.joined[Join.UNKNOWN_ACTIVITY] += 1
            return
        row = self._row(token, event, slot)
        outcome = Join.LATE if row is None else self._reward(row, event)
        self.joined[outcome] += 1
        if outcome in _APPLIED:
            self._applied += 1
            self._newest_ms = max(self._newest_ms, event.ts_ms)
            if self._settings.cascade is not None:
                self._weigh_below_clicks(token, self._settings.cascade)

    def conversion(self, event: Event) -> None:
        """Apply a conversion that does not name its list."""
        activity_id = event.activity_id or ""
        row = self._newest(activity_id, event.ts_ms)
        if row is not None:
            outcome = self._reward(row, event)
            self.joined[Join.INFERRED if outcome in _APPLIED else outcome] += 1
        elif any(key[-1] == activity_hash(activity_id) for key in self._rows):
            self.joined[Join.EXPIRED] += 1
        else:
            known = activity_id in self._settings.reward_value
            self.joined[Join.DANGLING if known else Join.UNKNOWN_ACTIVITY] += 1

    def purchase(self, event: Event) -> None:
        """Apply a purchase to the activities that name its item."""
        cents = _cents((event.price or 0.0) * (event.quantity or 1))
        for activity_id in self._settings.activities_of_item.get(event.item_id or "", ()):
            row = self._newest(activity_id, event.ts_ms, needed=CLICKED)
            if row is not None and self._convert(row, activity_id, BOUGHT, event.ts_ms, cents) in _APPLIED:
                self.joined[Join.BOUGHT] += 1

    def outcome(self) -> Attributed:
        """Return the rows in order of (list, activity), so that arrival order leaves no trace, and what happened."""
        return Attributed(
            b"".join([self._rows[key].encode() for key in sorted(self._rows)]),
            self._feedback,
            self._decisions,
            self._refused,
            self._applied,
            self._newest_ms,
            self.joined,
        )

    def _row(self, token: Token, event: Event, slot: int) -> ShownRow | None:
        """Return the row of the event's list and activity, made now if need be; None where it is no longer kept."""
        activity_id = event.activity_id or ""
        key = (token.generation, token.as_of_ms, token.seq, activity_hash(activity_id))
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
        row = ShownRow(
            as_of_ms=token.as_of_ms,
            shown_ms=event.ts_ms,
            reward_ms=0,
            seq=token.seq,
            activity=key[-1],
            revenue_cents=0,
            generation=token.generation,
            encoder=token.encoder,
            overlooked=self._settings.overlooked[slot],
            flags=0,
            x=token.x,
        )
        self._rows[key] = row
        self._decisions.append(ShownDecision(event.user_id, activity_id, slot, event.ts_ms, token))
        self._feedback.append(_increment(row, activity_id, impressions=1))
        return row

    def _weigh_below_clicks(self, token: Token, cascade: Cascade) -> None:
        """Count each impression of a list by whether there is a click above it, wherever that has changed."""
        of_list = (token.generation, token.as_of_ms, token.seq)
        keys = sorted(key for key in self._rows if key[:-1] == of_list)
        rows = {key[-1]: self._rows[key] for key in keys}
        secret = self._settings.keys.secrets[token.key_id]
        slots = {token.tag_at(slot): slot for slot in range(token.places())}
        names = [(activity, cascade.activity_ids.get(activity, "")) for activity in rows]
        placed = [
            (slots[slot_tag(name, secret)], rows[activity])
            for activity, name in names
            if slot_tag(name, secret) in slots
        ]
        first = min((slot for slot, row in placed if row.flags & CLICKED), default=MAX_SLOTS)
        for slot, row in placed:
            wanted = cascade.overlooked if slot > first else self._settings.overlooked[slot]
            activity_id = cascade.activity_ids.get(row.activity)
            if row.overlooked != wanted and activity_id is not None:
                self._feedback.append(_increment(row, activity_id, impressions=-1))
                row.overlooked = wanted
                self._feedback.append(_increment(row, activity_id, impressions=1))

    def _newest(self, activity_id: str, at_ms: int, needed: int = 0) -> ShownRow | None:
        """Return the newest row of the activity inside the window that has the needed flags, or None."""
        activity = activity_hash(activity_id)
        found = [
            (row.shown_ms, key)
            for key, row in self._rows.items()
            if key[-1] == activity
            and row.flags & needed == needed
            and 0 <= at_ms - row.shown_ms <= self._settings.window_ms
        ]
        return self._rows[max(found)[1]] if found else None

    def _reward(self, row: ShownRow, event: Event) -> Join:
        activity_id, flag = event.activity_id or "", _FLAG[EventType(event.type)]
        if flag == CONVERTED:
            if event.value is None:
                assumed = self._settings.reward_value.get(activity_id, 0.0)
                return self._convert(row, activity_id, ASSUMED, event.ts_ms, _cents(assumed))
            return self._convert(row, activity_id, REPORTED, event.ts_ms, _cents(event.value))
        if row.flags & flag:
            return Join.DUPLICATE
        row.flags |= flag
        if flag == CLICKED:
            self._feedback.append(_increment(row, activity_id, clicks=1))
        elif flag == DISMISSED:
            self._feedback.append(_increment(row, activity_id, dismissals=1))
        return Join.MATCHED

    def _convert(self, row: ShownRow, activity_id: str, source: int, at_ms: int, cents: int) -> Join:
        """Count the row's conversion, or let this report replace the one that counted until now."""
        is_first = not row.flags & CONVERTED
        worth = worth_of(source, at_ms, cents)
        if not is_first and worth <= row.worth:
            return Join.DUPLICATE if worth == row.worth else Join.SUPERSEDED
        self._feedback.append(
            _increment(row, activity_id, conversions=int(is_first), revenue_milli=10 * (cents - row.revenue_cents))
        )
        row.convert(source, at_ms, cents)
        return Join.MATCHED if is_first else Join.REVISED

    def _move(self, row: ShownRow, activity_id: str, earlier_ms: int) -> None:
        """Count all that is known of a row at an earlier time than until now."""
        known = {
            "impressions": 1,
            "clicks": int(row.flags & CLICKED > 0),
            "conversions": int(row.flags & CONVERTED > 0),
            "dismissals": int(row.flags & DISMISSED > 0),
            "revenue_milli": 10 * row.revenue_cents,
        }
        self._feedback.append(_increment(row, activity_id, **{name: -count for name, count in known.items()}))
        row.shown_ms = earlier_ms
        self._feedback.append(_increment(row, activity_id, **known))


def _cents(worth: float) -> int:
    return max(-MAX_CENTS, min(MAX_CENTS, round(worth * 100)))


def _increment(row: ShownRow, activity_id: str, **counts: int) -> Feedback:
    return Feedback(
        activity_id=activity_id,
        encoder=row.encoder,
        ts_ms=row.shown_ms,
        x=row.x,
        overlooked=row.overlooked,
        **counts,
    )
