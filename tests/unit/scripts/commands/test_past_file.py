"""Contract: a file's events have one order and ids that count them, and what does not fit is refused before writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tideline.models.data import read
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType
from tideline.scripts.commands.past_file import number_of, past_events, refuse_unfit
from tideline.udfs.core.policies.policy_start import TopicRecord

if TYPE_CHECKING:
    from pathlib import Path

NOON_MS = 1_700_000_000_000
TAG = "0123456789ab"
_CSV = f"""user_id,item_id,ts_ms,event_type,category,price,quantity
u2,tea,{NOON_MS + 5},purchase,drinks,2.5,3
u1,milk,{NOON_MS},,dairy,,
u1,,{NOON_MS},search,,,
u1,brie,{NOON_MS + 1},add_to_cart,dairy,0,0
"""


def file_of(tmp_path: Path, text: str = _CSV) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(text)
    return path


def record(event: Event) -> TopicRecord:
    return TopicRecord(7, event.user_id.encode(), encode_event(event), NOON_MS + 1000)


def test_events_are_told_by_time_and_one_users_keep_the_files_order(tmp_path: Path) -> None:
    """Contract: those of one user at one moment stand a millisecond apart; what a row has not, its event has not."""
    assert list(past_events(read(file_of(tmp_path)), TAG)) == [
        Event(f"past-{TAG}-0", "u1", EventType.VIEW, NOON_MS, "milk", "dairy"),
        Event(f"past-{TAG}-1", "u1", EventType.SEARCH, NOON_MS + 1),
        Event(f"past-{TAG}-2", "u1", EventType.ADD_TO_CART, NOON_MS + 2, "brie", "dairy"),
        Event(f"past-{TAG}-3", "u2", EventType.PURCHASE, NOON_MS + 5, "tea", "drinks", 2.5, 3),
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_the_last_record_says_how_far_the_writing_came(tmp_path: Path, as_json: bool) -> None:
    """Contract: whatever stands behind the id in the record, as a user whose length is a digit's byte."""
    path = tmp_path / "events.csv"
    assert number_of(None, TAG, path, "clickstream") == -1
    for user in ("u", "u" * 24, "7" * 25):
        event = Event(f"past-{TAG}-41", user, EventType.VIEW, NOON_MS, "milk")
        last = record(event)._replace(value=encode_event(event, as_json))
        assert number_of(last, TAG, path, "clickstream") == 41


@pytest.mark.parametrize(
    "other",
    [
        record(Event("live-1", "u1", EventType.VIEW, NOON_MS, "milk")),
        record(Event("past-ba9876543210-41", "u1", EventType.VIEW, NOON_MS, "milk")),
        TopicRecord(7, b"u1", None, NOON_MS),
        TopicRecord(7, b"u1", b"nothing of ours", NOON_MS),
    ],
    ids=["live", "another file", "nothing", "broken"],
)
def test_a_past_comes_before_everything_else(tmp_path: Path, other: TopicRecord) -> None:
    """Contract: behind records that are not this file's, nothing is written; the message names file and topic."""
    with pytest.raises(ConfigError, match=r"events.csv.*topic clickstream holds other events already"):
        number_of(other, TAG, tmp_path / "events.csv", "clickstream")


@pytest.mark.parametrize(
    ("row", "allowed"),
    [
        (f"u1,{'i' * 257},{NOON_MS}", "texts of up to 256 characters; one has 257"),
        (f"{'u' * 300},milk,{NOON_MS}", "texts of up to 256 characters; one has 300"),
        (f"u1,milk,{NOON_MS + 10_000_000}", "times from 1973 to now"),
    ],
)
def test_what_the_clickstream_would_refuse_is_refused_before_anything_is_written(
    tmp_path: Path, row: str, allowed: str
) -> None:
    path = file_of(tmp_path, f"user_id,item_id,ts_ms\nu2,tea,{NOON_MS}\n{row}\n")
    with pytest.raises(ConfigError, match=allowed):
        refuse_unfit(read(path), path, NOON_MS)
