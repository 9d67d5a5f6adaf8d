"""One wrong clock freezes nobody's list."""

from __future__ import annotations

import json

import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity, make_ranker
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.serving.broker_clock import ENOUGH_USERS, TOLERATED_MS, BrokerClock
from tideline.udfs.core.serving.engine import Outcome, Records, process

YEARS_MS = 3 * 365 * DAY_MS


def bounded(*batches: list[int], present_ms: int = NOON_MS, users: int = 1_000) -> list[list[int]]:
    """What batches of timestamps become, each record of another of so many users."""
    clock = BrokerClock()
    return [
        list(clock.bounded([b"%d" % (n % users) for n in range(len(batch))], batch, present_ms)) for batch in batches
    ]


def test_times_up_to_the_present_are_left_alone() -> None:
    """Contract: also long ago, in any order; a minute after it is tolerated."""
    batch = [NOON_MS, NOON_MS - YEARS_MS, 0, NOON_MS + TOLERATED_MS]
    assert bounded(batch) == [batch]


@pytest.mark.parametrize("others", [0, 1, 5, 300])
def test_one_clock_years_ahead_counts_as_the_present(others: int) -> None:
    """Contract: alone or among others, told once or by every batch."""
    batch = [NOON_MS + YEARS_MS, *[NOON_MS - n for n in range(others)]]
    assert bounded(batch, batch, batch) == [[NOON_MS + TOLERATED_MS, *batch[1:]]] * 3


def test_one_device_alone_is_one_clock_however_often_it_speaks() -> None:
    found = bounded([NOON_MS + YEARS_MS] * 500, users=ENOUGH_USERS - 1)
    assert found == [[NOON_MS + TOLERATED_MS] * 500]


def test_a_machine_that_is_behind_is_overruled_by_its_users() -> None:
    """Contract: from 20 users on; the one among them who is ahead by years stays bounded."""
    later_ms = NOON_MS + DAY_MS
    batch = [*[later_ms + n for n in range(30)], later_ms + YEARS_MS]
    (found,) = bounded(batch)
    assert found[:30] == batch[:30]
    assert later_ms <= found[30] <= later_ms + 30 + TOLERATED_MS


def told(clock: BrokerClock, state: bytes | None, ts_ms: int, record_ms: int) -> Outcome:
    """What becomes of a view of a user in the year after noon; his activity ends a day later."""
    keys = [b"u"]
    event = Event(f"v{ts_ms}", "u", EventType.VIEW, ts_ms)
    records = Records(keys, [encode_event(event)], clock.bounded(keys, [record_ms], NOON_MS + 20_000))
    return process(records, lambda _: [state], make_ranker([activity("a")]))


def test_a_device_years_ahead_neither_freezes_nor_empties_its_users_list() -> None:
    """Contract: on a topic that keeps the producers' timestamps its event is refused as `future`; his list goes on."""
    clock = BrokerClock()
    first = told(clock, None, NOON_MS, NOON_MS)
    wrong = told(clock, first.states[0], NOON_MS + YEARS_MS, NOON_MS + YEARS_MS)
    assert [each.error.reason for each in wrong.dead] == [Reason.FUTURE]
    assert (wrong.users, wrong.lists) == ([], [])
    after = told(clock, first.states[0], NOON_MS + 10_000, NOON_MS + 10_000)
    body = json.loads(after.lists[0])
    assert body["v"][1:] == [NOON_MS + 10_000, 2]
    assert body["i"] == ["a"]


def test_a_broker_years_ahead_costs_no_honest_event() -> None:
    """Contract: its timestamp is no reason to refuse, and opens no door for a phone that is ahead as well."""
    clock = BrokerClock()
    honest = told(clock, None, NOON_MS + 10_000, NOON_MS + YEARS_MS)
    assert (honest.dead, len(honest.lists)) == ([], 1)
    phone = told(clock, None, NOON_MS + YEARS_MS, NOON_MS + YEARS_MS)
    assert [each.error.reason for each in phone.dead] == [Reason.FUTURE]
