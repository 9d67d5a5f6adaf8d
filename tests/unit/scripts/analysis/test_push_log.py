"""What the topics say of messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.push_log import DAY_MS, HOUR_MS, push_record
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.analysis.push_log import (
    Counted,
    campaigns_of,
    channels_of,
    counted_by,
    expected_by,
    log_over,
    read_history,
)
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.push.push_record import PushRecord, encode_push

NOON_MS = 1_795_694_400_000


def point(user: str, at_ms: int = NOON_MS, **more: Any) -> PushRecord:
    told: dict[str, Any] = {"due_ms": at_ms, "told_ms": at_ms, "push_id": f"{at_ms // DAY_MS}-0-{user}"}
    return push_record(user)._replace(**(told | more))


def topic(records: list[PushRecord]) -> list[TopicRecord]:
    return [TopicRecord(at, each.user_id.encode(), encode_push(each), 0) for at, each in enumerate(records)]


def stream(events: list[Event]) -> list[TopicRecord]:
    return [TopicRecord(at, e.user_id.encode(), encode_event(e, at % 2 == 0), 2**50) for at, e in enumerate(events)]


def bought(user: str, at_ms: int, price: float | None, name: str = "e", quantity: int | None = None) -> Event:
    return Event(name, user, EventType.PURCHASE, at_ms, price=price, quantity=quantity)


def test_an_id_that_was_told_twice_counts_as_it_was_told_first_and_rubbish_not_at_all() -> None:
    first, again = point("u"), point("u", told_ms=NOON_MS + 5, activity_id="coffee")
    records = [TopicRecord(0, b"u", b"rubbish", 0), TopicRecord(1, b"u", None, 0), *topic([again, first])]
    assert read_history(records, []).records == [first]
    assert read_history([], []) == ([], {}, {}, {}, 0)


def test_a_failure_is_of_a_message_of_its_user_and_the_first_reason_counts() -> None:
    """Contract: an event that names somebody else's message, or none, says nothing; one without a reason failed."""
    records = topic([point("u"), point("v")])
    failed = [
        Event(point("u").push_id, "u", EventType.PUSH_FAILED, NOON_MS + 1, category="expired"),
        Event(point("u").push_id, "u", EventType.PUSH_FAILED, NOON_MS + 2, category="stopped"),
        Event(point("v").push_id, "w", EventType.PUSH_FAILED, NOON_MS + 1),
        Event("7-0-x", "v", EventType.PUSH_FAILED, NOON_MS + 1),
        Event("left", "w", EventType.UNSUBSCRIBE, NOON_MS + 9),
    ]
    history = read_history(records, stream(failed))
    assert history.not_sent == {point("u").push_id: "expired"}
    assert history.left_ms == {"w": NOON_MS + 9}
    more = Event(point("v").push_id, "v", EventType.PUSH_FAILED, NOON_MS + 1)
    assert read_history(records, stream([more])).not_sent == {point("v").push_id: "failed"}


def test_what_a_user_buys_within_the_horizon_is_what_a_point_brought_less_the_cost_of_a_message() -> None:
    """Contract: each purchase once, its price times its quantity; points whose horizon is not over are left out."""
    records = [point("u"), point("v", sent=False), point("w", NOON_MS + 10 * HOUR_MS)]
    events = [
        bought("u", NOON_MS, 100.0, "before"),
        bought("u", NOON_MS + 1, 2.0, "one", 3),
        bought("u", NOON_MS + 1, 2.0, "one", 3),
        bought("u", NOON_MS + 5 * HOUR_MS, 4.0, "two"),
        bought("u", NOON_MS + 5 * HOUR_MS + 1, 50.0, "late"),
        bought("v", NOON_MS + 2, None, "free"),
        bought("v", NOON_MS + 3, 7.5, "three"),
    ]
    history = read_history(topic(records), stream(events))
    log = log_over(history, 5 * HOUR_MS, 0.5)
    assert log.worth.tolist() == [9.5, 7.5]
    assert log.sent.tolist() == [True, False]
    assert log_over(history, 5 * HOUR_MS, 0.5, "coffee").worth.size == 0


def test_each_campaign_is_told_with_what_its_messages_added() -> None:
    """Contract: the same as all points of one activity alone; the truth lies within the bounds."""
    chance, added = np.random.default_rng(3), 2.0
    records, events = [], []
    for number in range(3_000):
        sent, user = bool(chance.random() < 0.5), f"u{number}"
        records.append(
            point(user, NOON_MS + number, sent=sent, chance=128, activity_id=("tea", "milk")[number % 3 == 0])
        )
        if chance.random() < 0.5:
            price = 5.0 + added * (sent and number % 3 != 0)
            events.append(bought(user, NOON_MS + number + HOUR_MS, price))
    events.append(bought("last", NOON_MS + 9 * HOUR_MS, 1.0))
    tea, milk = campaigns_of(read_history(topic(records), stream(events)), 2 * HOUR_MS)
    assert (tea.name, tea.sent + tea.withheld, milk.sent + milk.withheld) == ("tea", 2_000, 1_000)
    truth = added * 0.5 * tea.sent
    assert 0 < tea.brought.low < truth < tea.brought.high
    assert milk.brought.low < 0 < milk.brought.high


def test_each_channel_is_told_with_what_its_messages_added() -> None:
    """Contract: over those withheld of the same channel; points that none was drawn for are in none of them."""
    chance, added = np.random.default_rng(4), {"app": 2.0, "sms": -2.0}
    records, events = [point("old")], []
    for number in range(6_000):
        sent, user, channel = (
            bool(chance.random() < 0.5),
            f"u{number}",
            str(chance.choice(["app", "sms"], p=[0.6, 0.4])),
        )
        at_ms = NOON_MS + number
        records.append(point(user, at_ms, sent=sent, chance=128, channel=channel, variant_share=0.6))
        if chance.random() < 0.5:
            events.append(bought(user, at_ms + HOUR_MS, 5.0 + added[channel] * sent))
    events.append(bought("last", NOON_MS + 9 * HOUR_MS, 1.0))
    app, sms = channels_of(read_history(topic(records), stream(events)), 2 * HOUR_MS)
    assert (app.name, sms.name, app.sent + app.withheld + sms.sent + sms.withheld) == ("app", "sms", 6_000)
    assert 0 < app.brought.low < added["app"] * 0.5 * app.sent < app.brought.high
    assert sms.brought.low < added["sms"] * 0.5 * sms.sent < sms.brought.high < 0
    assert channels_of(read_history(topic(records[:1]), []), HOUR_MS) == []


def test_what_must_be_sent_counts_as_sent_and_says_nothing_of_what_messages_add() -> None:
    history = read_history(topic([point("u", must=True, chance=256), point("v", NOON_MS + DAY_MS)]), [])
    (found,) = campaigns_of(history, HOUR_MS)
    assert (found.sent, found.must, found.brought.points) == (2, 1, 0)


@pytest.mark.parametrize(("hours", "names"), [(False, ["tea", "milk"]), (True, ["12", "15"])])
def test_a_day_to_come_is_like_those_before_by_chance_and_not_by_luck(*, hours: bool, names: list[str]) -> None:
    """Contract: sums of the chances of the newest days, what is older is over; by activity the most first."""
    records = [
        point("old", NOON_MS - 3 * DAY_MS),
        point("u", chance=128, value=4.0),
        point("v", NOON_MS - DAY_MS, sent=False, chance=192, value=1.0),
        point("w", NOON_MS + 3 * HOUR_MS, chance=64, value=8.0, activity_id="milk"),
    ]
    found = expected_by(read_history(topic(records), []), 2, hours=hours)
    assert [each.name for each in found] == names
    assert [(each.sends, each.value) for each in found] == [(0.625, 1.375), (0.125, 1.0)]


def test_points_are_counted_by_the_day_and_the_hour_at_which_they_were_told() -> None:
    """Contract: each once: sent, withheld, or meant to be sent and not."""
    late = point("w", NOON_MS + 13 * HOUR_MS)
    records = topic([point("u"), point("v", sent=False), late, point("x", NOON_MS + 26 * HOUR_MS)])
    failed = [Event(late.push_id, "w", EventType.PUSH_FAILED, NOON_MS + 1, category="expired")]
    history = read_history(records, stream(failed))
    first, second = sorted({f"{_day(each.told_ms)}" for each in history.records})
    assert counted_by(history, hours=False) == [Counted(first, 1, 1, 0), Counted(second, 1, 0, 1)]
    hours = [f"{(NOON_MS + more * HOUR_MS) % DAY_MS // HOUR_MS:02}" for more in (0, 13, 26)]
    expected = [Counted(hours[0], 1, 1, 0), Counted(hours[1], 0, 0, 1), Counted(hours[2], 1, 0, 0)]
    assert counted_by(history, hours=True) == sorted(expected)


def _day(at_ms: int) -> str:
    return str(np.datetime64(at_ms, "ms").astype("datetime64[D]"))
