"""The hand-written reader of the newest clickstream body."""

from __future__ import annotations

import random

import pytest

from tideline.schemas.clickstream_reader import read_clickstream, type_at_a_glance
from tideline.schemas.codec import encode_event, type_of_record
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import TYPE_NAMES, Event, EventType

FULL = Event("e", "u", EventType.PURCHASE, 2**41, "tea", "drinks", 1.25, 3)
REWARD = Event(
    "é" * 40, "u" * 128, EventType.CONVERSION, 2**48 - 1, activity_id="a", token="t", position=15, value=-2.5
)
BARE = Event("e", "u", EventType.SEARCH, 1)
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
