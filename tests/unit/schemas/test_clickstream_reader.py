"""The hand-written reader of the newest clickstream body."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tideline.schemas.clickstream_reader import read_clickstream, read_plain, type_at_a_glance
from tideline.schemas.codec import MAX_AHEAD_MS, decode_event, encode_event, type_of_record
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import TYPE_NAMES, Event, EventType

FULL = Event("e", "u", EventType.PURCHASE, 2**41, "tea", "drinks", 1.25, 3)
REWARD = Event(
    "é" * 40, "u" * 128, EventType.CONVERSION, 2**48 - 1, activity_id="a", token="t", position=15, value=-2.5
)
BARE = Event("e", "u", EventType.SEARCH, 1)
NOW_MS = 1_790_000_000_000
HEAD = 5
"""Bytes before the body: magic and schema id."""


@pytest.mark.parametrize("event", [FULL, REWARD, BARE])
def test_what_the_codec_writes_is_read(event: Event) -> None:
    assert read_clickstream(encode_event(event), HEAD) == event


@pytest.mark.parametrize("power", range(64))
def test_times_of_any_length_are_read(power: int) -> None:
    """Contract: those of six bytes, which are read at once, and shorter and longer ones, either side of 0."""
    for ts_ms in (2**power - 1, -(2**power), 2**power // 3):
        assert read_clickstream(encode_event(FULL._replace(ts_ms=ts_ms)), HEAD).ts_ms == ts_ms


@pytest.mark.parametrize("kind", range(len(TYPE_NAMES)))
def test_every_type_has_its_index(kind: int) -> None:
    event = BARE._replace(type=kind)
    if kind >= EventType.IMPRESSION:
        event = REWARD._replace(type=kind, value=None)
    assert read_clickstream(encode_event(event), HEAD).type == kind
    assert type_of_record(encode_event(event._replace(event_id="e"))) == (kind if len(event.user_id) < 64 else None)


def test_a_glance_says_the_type_that_reading_finds_or_nothing() -> None:
    """Contract: of 20,000 damaged events none that is read has another type than the glance says, where it says one."""
    dice, agreed = random.Random(9), 0
    for _ in range(20_000):
        value = bytearray(
            encode_event(BARE._replace(event_id="e" * dice.randrange(80), user_id="é" * dice.randrange(40)))
        )
        at = dice.randrange(HEAD, len(value))
        value[at : at + dice.randrange(2)] = bytes([dice.randrange(256)])
        glance = type_at_a_glance(bytes(value), HEAD)
        try:
            found = read_clickstream(bytes(value), HEAD).type
        except InvalidRecord:
            continue
        assert glance is None or glance == found
        agreed += glance == found
    assert agreed > 1_000


def test_no_glance_at_what_is_no_newest_record() -> None:
    assert [type_of_record(value) for value in (None, b"", b"{}", b"\0\0\0\0\xff", encode_event(BARE)[:HEAD])] == [
        None
    ] * 5


def test_a_body_that_ends_early_or_late_is_refused() -> None:
    """Contract: every cut is TRUNCATED, and so is every byte more."""
    data = encode_event(FULL)
    for end in range(HEAD, len(data)):
        with pytest.raises(InvalidRecord) as refused:
            read_clickstream(data[:end], HEAD)
        assert refused.value.reason is Reason.TRUNCATED
    with pytest.raises(InvalidRecord, match="1 bytes left after the clickstream record"):
        read_clickstream(data + b"x", HEAD)


def test_an_endless_number_costs_no_time_and_is_refused() -> None:
    data = bytearray(encode_event(BARE))
    at = HEAD + 5  # behind two texts of one character and the type
    with pytest.raises(InvalidRecord, match="longer than 10 bytes"):
        read_clickstream(bytes(data[:at]) + b"\xff" * 65_536, HEAD)


def test_an_index_outside_its_union_is_refused() -> None:
    """Contract: -1 is no last symbol, as a library would take it for."""
    data = bytearray(encode_event(BARE))
    data[HEAD + 4] = 1
    with pytest.raises(InvalidRecord) as refused:
        read_clickstream(bytes(data), HEAD)
    assert refused.value.reason is Reason.UNKNOWN_TYPE
    data = bytearray(encode_event(FULL))
    at = data.index(b"\x02\x06tea")
    data[at] = 4
    with pytest.raises(InvalidRecord, match="a union has index byte 4"):
        read_clickstream(bytes(data), HEAD)


@pytest.mark.parametrize("thing", [("tea", "drinks", 1.25, 3), (None, "drinks", None, None), (None,) * 4])
@pytest.mark.parametrize("kind", range(EventType.IMPRESSION))
def test_a_plain_event_is_read_in_one_go(kind: int, thing: tuple[str | None, str | None, float | None, int]) -> None:
    """Contract: views, searches, carts and purchases of its user up to the latest time, and no others."""
    event = Event("e-1", "ü1", kind, NOW_MS, *thing)
    value = encode_event(event)
    assert read_plain(value, HEAD, "ü1".encode(), NOW_MS) == event
    assert read_plain(value, HEAD, "ü1".encode(), NOW_MS - 1) is None
    assert read_plain(value, HEAD, b"another", NOW_MS) is None
    assert read_plain(encode_event(event._replace(type=kind + 4)), HEAD, "ü1".encode(), NOW_MS) is None


def test_what_is_read_in_one_go_is_what_step_by_step_is_read_and_allowed() -> None:
    """Contract: of 30,000 events, of values at and beyond their limits and with bytes that are damaged.

    What is allowed, JSON says, which has a reader of its own.
    """
    dice, plain = random.Random(7), 0
    usual = Event("e-1", "u1", EventType.VIEW, NOW_MS, "tea", "drinks", 1.25, 3)
    unusual: dict[str, tuple[object, ...]] = {
        "event_id": ("", "é" * 31, "é" * 32),
        "type": tuple(range(len(TYPE_NAMES))),
        "ts_ms": (NOW_MS + MAX_AHEAD_MS, NOW_MS + MAX_AHEAD_MS + 1, 10**11, 2**40, 99, -NOW_MS, 2**48),
        "item_id": (None, "", "x" * 63, "x" * 64),
        "category": (None, "", "x" * 64),
        "price": (None, -1.0, 1e9, 2e9, float("nan"), float("inf")),
        "quantity": (None, 0, 63, 64, -1),
        "activity_id": ("act",),
        "value": (2.5,),
    }
    for _ in range(30_000):
        changes: dict[str, Any] = {name: dice.choice(unusual[name]) for name in dice.choices(list(unusual), k=2)}
        value = bytearray(encode_event(usual._replace(**changes)))
        if dice.random() < 0.5:
            at = dice.randrange(HEAD, len(value))
            value[at : at + dice.randrange(2)] = bytes([dice.randrange(256)]) * dice.randrange(2)
        found = read_plain(bytes(value), HEAD, b"u1", NOW_MS + MAX_AHEAD_MS)
        if found is not None:
            plain += 1
            assert found == read_clickstream(bytes(value), HEAD)
            assert found == decode_event(b"u1", encode_event(found, as_json=True), NOW_MS)
    assert plain > 1_000
