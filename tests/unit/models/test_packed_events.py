"""A clickstream packed, against the events of each user by themselves, and what it takes."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import NOON_MS
from tideline.models import topic_data
from tideline.models.packed_events import PackedEvents
from tideline.schemas.codec import encode_event
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, Event, EventType
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.users.rate_guard import admit
from tideline.udfs.core.users.user_state import MAX_PRICE, MAX_QUANTITY, decode_states

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tideline.models.topic_data import Record

EVENT_BYTES, USER_BYTES, FEWEST_BYTES = 80, 200, 600_000
"""What an event, a user and a chunk of either take at the most."""
EVENTS = st.lists(
    st.builds(
        lambda user, number, kind, apart, item, price: Event(
            event_id=f"e{number}",
            user_id=f"u{user}",
            type=kind,
            ts_ms=NOON_MS + 40 * apart,
            item_id=item or None,
            category=item[:1] or None,
            price=price,
            quantity=number * 9,
            activity_id=f"a{number}" if FIRST_ACTIVITY_TYPE <= kind <= EventType.DISMISS else None,
            token="t" if kind == EventType.CLICK or number % 7 == 0 else None,
        ),
        st.integers(0, 2),
        st.integers(0, 60),
        st.sampled_from([*[0] * 12, 1, 2, 3, *[EventType.CLICK] * 4, EventType.IMPRESSION, EventType.ERASE]),
        st.integers(0, 60),
        st.sampled_from(["", "milk", "mug", "tea"]),
        st.sampled_from([None, 0.1, 1.00048828125001, 777.77, 9e8]),
    ),
    max_size=160,
)


def one_by_one(events: Sequence[Event]) -> list[tuple[object, ...]]:
    """What is to be learned from, by the job's own guard over one user after the other."""
    by_user: dict[str, list[Event]] = {}
    for event in events:
        by_user.setdefault(event.user_id, []).append(event)
    found: list[tuple[object, ...]] = []
    for user, mine in by_user.items():
        erased_ms = max((event.ts_ms for event in mine if event.type == EventType.ERASE and not event.token), default=0)
        left = [event for event in mine if event.ts_ms > erased_ms]
        (passed,) = admit(decode_states([None], 0), np.array([0]), [left])
        once: dict[int, Event] = {}
        for event, lets in zip(left, passed, strict=True):
            if lets and event.type < FIRST_ACTIVITY_TYPE:
                once.setdefault(hash64(event.event_id), event)
        for event in sorted(once.values(), key=lambda each: (each.ts_ms, hash64(each.event_id))):
            price = float(np.float16(min(event.price or 0.0, MAX_PRICE)))
            units = min(event.quantity or 0, MAX_QUANTITY)
            found.append((user, event.type, event.ts_ms, event.item_id, event.category, price, units))
    return found


def packed(events: Sequence[Event], size: int) -> list[tuple[object, ...]]:
    """The same, taken in so many at a time; names come in order of appearance."""
    taken = PackedEvents()
    for start in range(0, len(events), size):
        taken.take(events[start : start + size])
    data = taken.sequences()
    if data is None:
        return []
    for names, codes in ((data.item_names, data.item), (data.category_names, data.category)):
        assert list(dict.fromkeys(codes[codes >= 0].tolist())) == list(range(names.size))
    users = np.repeat(data.names, np.diff(data.starts))
    items, categories = [*data.item_names, None], [*data.category_names, None]
    columns = (data.type, data.ts_ms, data.item, data.category, data.price, data.quantity)
    return [
        (user, kind, ts_ms, items[item], categories[category], price, units)
        for user, kind, ts_ms, item, category, price, units in zip(users, *(c.tolist() for c in columns), strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(1, 200))
def test_packed_events_are_those_of_each_user_by_himself(events: list[Event], size: int) -> None:
    """Contract: robots, repeats and erasures as the job has them, in whatever parts a stream is taken in."""
    assert packed(events, size) == one_by_one(events)


def test_a_robot_among_packed_events_is_found() -> None:
    """Contract: acts beyond a person's in one second are left out, clicks counted among them."""
    many = [Event(f"e{at}", "robot", at % 3, NOON_MS + at, "milk") for at in range(60)]
    clicks = [Event(f"k{at}", "mixed", EventType.CLICK, NOON_MS, activity_id=f"a{at}") for at in range(60)]
    events = [*many, *clicks, Event("e", "mixed", 0, NOON_MS + 1, "milk")]
    assert packed(events, 7) == one_by_one(events)
    assert 0 < len(packed(events, 7)) < len(many)


def stream(users: int) -> Iterator[Record]:
    """Ten views of each user."""
    for number in range(10 * users):
        ts_ms = NOON_MS + 1_000 * number
        event = Event(f"e{number}", f"user-{number % users}", 0, ts_ms, f"item-{number % 97}", "c", 1.5, 1)
        yield event.user_id.encode(), encode_event(event, as_json=True), ts_ms


def peak_bytes(users: int) -> int:
    tracemalloc.start()
    try:
        assert topic_data.sequences_of(stream(users)).item.size == 10 * users
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_stream_takes_so_much_an_event_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: at most 80 bytes an event and 200 a user, whatever a record weighs; four times as many likewise."""
    monkeypatch.setattr(topic_data, "CHUNK", 500)
    few, many = peak_bytes(500), peak_bytes(2_000)
    assert few < FEWEST_BYTES + 500 * (10 * EVENT_BYTES + USER_BYTES)
    assert many - few < 1_500 * (10 * EVENT_BYTES + USER_BYTES)
