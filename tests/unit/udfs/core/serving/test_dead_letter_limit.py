"""The dead-letter limit: a broken producer stops the job, a visitor cannot."""

from __future__ import annotations

import json

import pytest

from tests.support.core_world import KEYS, NOON_MS, activity, make_ranker, token_for
from tests.support.malformed import refused_records
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.serving.dead_letter_limit import DeadLetterLimit, DeadLetterLimitReached
from tideline.udfs.core.serving.engine import Records, process


def dead_letter_limit(*batches: tuple[int, int, int]) -> None:
    counter = DeadLetterLimit()
    for newest_ms, total, invalid in batches:
        counter.count(newest_ms, total, invalid)


@pytest.mark.parametrize(
    "batches",
    [
        [(0, 1_000, 50)],
        [(0, 999, 999)],
        [(0, 99, 99), (60_000, 1, 0)],
        [(0, 100, 5), (60_000, 1, 0)],
        [(0, 500, 0), (1, 500, 50)],
        [(0, 900, 40), (60_000, 900, 40)],
    ],
)
def test_up_to_five_percent_of_a_minute_do_not_stop_the_job(batches: list[tuple[int, int, int]]) -> None:
    dead_letter_limit(*batches)


@pytest.mark.parametrize(
    "batches",
    [
        [(0, 1_000, 51)],
        [(0, 999, 51), (59_999, 1, 0)],
        [(0, 100, 6), (60_000, 1, 0)],
        [(5, 50, 3), (7, 50, 3), (60_000, 1, 0)],
        [(60_000, 900, 0), (59_000, 100, 51)],
        [(0, 1, 0), (10**13, 1, 0), (60_000, 100, 6), (120_000, 1, 0)],
    ],
)
def test_more_than_that_stops_it(batches: list[tuple[int, int, int]]) -> None:
    """Contract: at once from 1,000 records on, at the end of the minute from 100 on; a late record counts now.

    A clock that was years ahead for one batch does not switch it off.
    """
    with pytest.raises(DeadLetterLimitReached, match="of one minute are invalid, over 5%"):
        dead_letter_limit(*batches)


def faults_of(key: bytes | None, value: bytes | None) -> list[tuple[str, bool]]:
    """What a record is refused for, and whether the dead-letter limit counts it."""
    outcome = process(Records([key], [value], [NOON_MS]), lambda _: [None], make_ranker([activity("a")]))
    return [(str(each.error.reason), each.error.reason.producer_fault) for each in outcome.dead]


def test_honest_traffic_beside_foreign_tokens_does_not_trip_it() -> None:
    """Contract: 340 events a second beside 19 with somebody else's token, for two minutes."""
    ranker, counter = make_ranker([activity("a")]), DeadLetterLimit()
    token = token_for("somebody else", ["a"])
    refused = 0
    for second in range(120):
        now_ms = NOON_MS + 1_000 * second
        events = [Event(f"{second}-{n}", f"u{n}", EventType.VIEW, now_ms) for n in range(340)]
        events += [
            Event(f"{second}-c{n}", "thief", EventType.CLICK, now_ms, activity_id="a", token=token, position=0)
            for n in range(19)
        ]
        records = Records(
            [each.user_id.encode() for each in events], [encode_event(each) for each in events], [now_ms] * len(events)
        )
        outcome = process(records, lambda users: [None] * len(users), ranker)
        refused += len(outcome.dead)
        counter.count(now_ms, len(events), sum(each.error.reason.producer_fault for each in outcome.dead))
    assert refused == 19 * 120


def test_a_visitor_who_logs_in_between_list_and_click_costs_his_click_alone() -> None:
    """Contract: the token of the name he had before is foreign, and nobody stops for it; an old key's likewise."""
    click = Event("c", "u1", EventType.CLICK, NOON_MS, activity_id="a", token=token_for("guest-7", ["a"]), position=0)
    assert faults_of(b"u1", encode_event(click)) == [("foreign_token", False)]


@pytest.mark.parametrize(
    "content",
    [
        {"type": "stare"},
        {"ts_ms": 1_700_000_000},
        {"ts_ms": NOON_MS + 900_000},
        {"ts_ms": -5},
        {"ts_ms": 1e300},
        {"ts_ms": "yesterday"},
        {"category": "x" * 300},
        {"category": "x" * 66_000},
        {"category": 7},
        {"quantity": 10**30},
        {"quantity": -1},
        {"price": "free"},
        {"event_id": "e" * 300},
        {"event_id": 5},
        {"event_id": None},
        {"user_id": ["u"]},
        {"type": 1},
        {"type": {"view": True}},
        {"type": "click"},
        {"type": "click", "activity_id": "a", "token": "!", "position": 0},
        {"type": "click", "activity_id": "a", "token": "A" * 600, "position": 0},
        {"type": "click", "activity_id": "a", "token": "A" * 92},
        {"type": "click", "activity_id": ["a"], "position": {}},
    ],
)
def test_no_content_that_a_visitor_controls_counts(content: dict[str, object]) -> None:
    """Contract: whatever stands in the fields of a JSON object under the right key, the record costs itself alone."""
    record = {"event_id": "e", "user_id": "u", "type": "view", "ts_ms": NOON_MS} | content
    value = json.dumps(record).encode()
    assert not any(fault for _, fault in faults_of(b"u", value))


def test_what_a_broken_producer_sends_does() -> None:
    """Contract: records that cannot be decoded, of no kept schema, or under a wrong key."""
    kinds = {kind: faults_of(*refused.message) for kind, refused in refused_records("u", NOON_MS, KEYS, "a").items()}
    counted = {kind for kind, faults in kinds.items() if faults[0][1]}
    assert counted == {
        "truncated Avro", "bytes after the Avro record", "unknown schema id", "wrong magic byte", "broken JSON",
        "missing key", "empty key", "another user's key", "missing field", "empty value", "no value",
    }  # fmt: skip
