"""What the topics say of messages: who was sent one, from whom it was withheld, what was not sent, what users bought.

Of two records of one id, as a restore writes them, the one that was told first counts. What a point brought is all that
its user bought within the horizon after it was told of, whatever led him there; points of which the horizon is not over
are left out of that.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.codec import decode_event, type_of_record
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import EventType
from tideline.udfs.core.push.brought import brought_by
from tideline.udfs.core.push.push_record import decode_push, log_of
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tideline.schemas.events import Event
    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.core.push.brought import Brought, PushLog
    from tideline.udfs.core.push.push_record import PushRecord

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
_WANTED = (EventType.PURCHASE, EventType.UNSUBSCRIBE, EventType.PUSH_FAILED)
UNSAID = "failed"
"""Why a message was not sent, where who said so does not tell."""


class Bought(NamedTuple):
    """A purchase: when, and what it came to."""

    at_ms: int
    revenue: float


class PushHistory(NamedTuple):
    """What is known of the messages of some days."""

    records: Sequence[PushRecord]
    """Each id once, in the order of `told_ms`."""
    not_sent: Mapping[str, str]
    """By id why a message was not sent, in spite of its record."""
    left_ms: Mapping[str, int]
    """By user when he unsubscribed, the newest."""
    bought: Mapping[str, Sequence[Bought]]
    """By user each purchase once."""
    newest_ms: int
    """Newest time of all that was read."""


class Campaign(NamedTuple):
    """What became of the decision points about one activity, or of those that one channel was drawn for."""

    name: str
    sent: int
    withheld: int
    must: int
    not_sent: Mapping[str, int]
    """By reason, of those that were to be sent."""
    brought: Brought
    """Of the points of which the horizon is over, and without those that must be sent."""


class Counted(NamedTuple):
    """What became of the decision points of a day or of an hour of the day (UTC)."""

    name: str
    sent: int
    """Of which nobody says that they were not."""
    withheld: int
    not_sent: int


class Expected(NamedTuple):
    """What a day like those before will send, and what that adds as the job sees it."""

    name: str
    sends: float
    value: float


def read_history(records: Iterable[TopicRecord], events: Iterable[TopicRecord]) -> PushHistory:
    """Return what the records of the topic of pushes and those of the clickstream say; what is none says nothing."""
    told: dict[str, PushRecord] = {}
    for record in records:
        try:
            push = decode_push(record.value or b"")
        except InvalidRecord:
            continue
        first = told.get(push.push_id)
        if first is None or (push.told_ms, not push.sent) < (first.told_ms, not first.sent):
            told[push.push_id] = push
    not_sent, left_ms = dict[str, str](), dict[str, int]()
    bought: dict[str, dict[str, Bought]] = {}
    newest_ms = max((each.told_ms for each in told.values()), default=0)
    for event in _wanted(events):
        newest_ms, user = max(newest_ms, event.ts_ms), event.user_id
        if event.type == EventType.PUSH_FAILED and event.event_id in told and told[event.event_id].user_id == user:
            not_sent.setdefault(event.event_id, event.category or UNSAID)
        elif event.type == EventType.UNSUBSCRIBE:
            left_ms[user] = max(event.ts_ms, left_ms.get(user, 0))
        elif event.type == EventType.PURCHASE:
            revenue = (event.price or 0.0) * (1 if event.quantity is None else event.quantity)
            bought.setdefault(user, {}).setdefault(event.event_id, Bought(event.ts_ms, revenue))
    once = {user: list(purchases.values()) for user, purchases in bought.items()}
    return PushHistory(sorted(told.values(), key=_time_of), not_sent, left_ms, once, newest_ms)


def _wanted(records: Iterable[TopicRecord]) -> Iterator[Event]:
    for record in records:
        kind = type_of_record(record.value)
        if kind is not None and kind not in _WANTED:
            continue
        try:
            event = decode_event(record.key, record.value, record.timestamp_ms)
        except InvalidRecord:
            continue
        if event.type in _WANTED:
            yield event


def _time_of(record: PushRecord) -> tuple[int, str]:
    return record.told_ms, record.push_id


def log_over(history: PushHistory, horizon_ms: int, cost: float = 0.0, activity_id: str | None = None) -> PushLog:
    """Return the log of the points of which the horizon is over, of all or of one activity.

    Args:
        history: What is known.
        horizon_ms: So long after a point what its user buys counts.
        cost: Of a message, in what purchases are counted in.
        activity_id: Points about it alone; None for all.
    """
    over = [
        each
        for each in history.records
        if each.told_ms + horizon_ms <= history.newest_ms and activity_id in (None, each.activity_id)
    ]
    worth = {each.push_id: _worth(history, each, horizon_ms) - cost * each.sent for each in over}
    return log_of(over, worth)


def _worth(history: PushHistory, record: PushRecord, horizon_ms: int) -> float:
    begin, end = record.told_ms, record.told_ms + horizon_ms
    return sum(each.revenue for each in history.bought.get(record.user_id, ()) if begin < each.at_ms <= end)


def campaigns_of(history: PushHistory, horizon_ms: int, cost: float = 0.0) -> list[Campaign]:
    """Return what became of each activity's points, the one with the most points first."""
    return _campaigns(history, [each.activity_id for each in history.records], horizon_ms, cost)


def channels_of(history: PushHistory, horizon_ms: int, cost: float = 0.0) -> list[Campaign]:
    """Return the same by channel, of the points that one was drawn for; it is drawn whether a point sends or not."""
    return _campaigns(history, [each.channel for each in history.records], horizon_ms, cost)


def _campaigns(history: PushHistory, names: Sequence[str | None], horizon_ms: int, cost: float) -> list[Campaign]:
    by_name: dict[str, list[PushRecord]] = {}
    for name, each in zip(names, history.records, strict=True):
        if name is not None:
            by_name.setdefault(name, []).append(each)
    found = [_campaign(history, name, records, horizon_ms, cost) for name, records in by_name.items()]
    return sorted(found, key=lambda each: (-each.sent - each.withheld, each.name))


def _campaign(history: PushHistory, name: str, records: Sequence[PushRecord], horizon_ms: int, cost: float) -> Campaign:
    sent = [each for each in records if each.sent]
    reasons = Counter(history.not_sent[each.push_id] for each in sent if each.push_id in history.not_sent)
    brought = brought_by(log_over(history._replace(records=records), horizon_ms, cost))
    must = sum(each.must for each in sent)
    return Campaign(name, len(sent), len(records) - len(sent), must, dict(sorted(reasons.items())), brought)


def counted_by(history: PushHistory, *, hours: bool) -> list[Counted]:
    """Return what became of the points of each day, or of each hour of the day (UTC), by when they were told of."""
    found: dict[str, Counted] = {}
    for each in history.records:
        name = _hour(each.told_ms) if hours else _day(each.told_ms)
        counted, not_sent = found.get(name, Counted(name, 0, 0, 0)), each.push_id in history.not_sent
        sent, withheld = each.sent and not not_sent, not each.sent
        found[name] = Counted(
            name, counted.sent + sent, counted.withheld + withheld, counted.not_sent + (each.sent and not_sent)
        )
    return sorted(found.values())


def _hour(at_ms: int) -> str:
    return f"{at_ms % DAY_MS // HOUR_MS:02}"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def expected_by(history: PushHistory, days: int, *, hours: bool) -> list[Expected]:
    """Return what a day like the newest `days` of a history will send, by hour of the day (UTC) or by activity.

    Each point counts with the chance that it was sent with, so by what it would be on average, and not by luck.
    """
    since_ms = history.newest_ms - days * DAY_MS
    sends, value = dict[str, float](), dict[str, float]()
    for each in history.records:
        if each.told_ms > since_ms:
            name = _hour(each.due_ms) if hours else each.activity_id
            sends[name] = sends.get(name, 0.0) + each.chance / PARTS
            value[name] = value.get(name, 0.0) + each.chance / PARTS * each.value
    found = [Expected(name, sends[name] / days, value[name] / days) for name in sends]
    return sorted(found, key=lambda each: (0.0 if hours else -each.sends, each.name))
