"""The stop list for readers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.udfs.core.budgets.spending_stop import MAX_LEASE_MS, MIN_LEASE_MS
from tideline.udfs.core.budgets.standing import Standing
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.serving.popular_list import RENEWED_MS
from tideline.udfs.core.serving.stop_list import Runs, StopList, Stops, stops_of

STANDINGS = {
    "b": Standing(stopped=True, as_of_ms=NOON_MS, version=7),
    "c": Standing(as_of_ms=NOON_MS + 1, version=8),
}


def test_spent_paused_and_ended_activities_are_stopped() -> None:
    """Contract: in order; what is over or has not begun is not named, nor what is active."""
    activities = [
        activity("z", status="paused"),
        activity("e", status="ended"),
        activity("active"),
        activity("over", status="ended", ends_ms=NOON_MS - 5),
        activity("later", status="paused", starts_ms=NOON_MS + 50),
    ]
    assert stopped(activities, activities, STANDINGS) == Stops(("b", "e", "z"), NOON_MS + 1, 14, (), NOON_MS + 1)
    assert stops_of({}, Runs(), {}, NOON_MS, 0) == Stops((), NOON_MS, 0)


@pytest.mark.parametrize(
    "now",
    [
        [],
        [activity("a", ends_ms=NOON_MS - 5)],
        [activity("a", starts_ms=NOON_MS + 50)],
        [activity("a", status="paused", ends_ms=NOON_MS - 5)],
    ],
)
def test_what_was_to_run_and_does_not_any_more_is_stopped_until_its_former_end(now: list[Activity]) -> None:
    """Contract: deleted, cut short, put off: lists that were made before hold it, and say that it runs."""
    former = activity("a", ends_ms=NOON_MS + DAY_MS)
    assert stopped([former, *now], now).names == ("a",)
    assert stopped([former, *now], now, at_ms=NOON_MS + DAY_MS).names == ()
    assert stopped([former, *now, former], [former]).names == ()


def stopped(
    told: list[Activity], now: list[Activity], standings: dict[str, Standing] | None = None, at_ms: int = NOON_MS
) -> Stops:
    """Return what is stopped when these records were read, and those activities are what they led to."""
    runs = Runs()
    for each in told:
        runs.hear(each)
    return stops_of({each.activity_id: each for each in now}, runs, standings or {}, at_ms, 5)


def test_it_has_a_version_like_a_list() -> None:
    """Contract: compact, the version first, as whoever writes lists compares them."""
    found = StopList(DAY_MS).due(Stops(("a", "b"), NOON_MS, 9), 3)
    assert found == b'{"v":[3,%d,9],"s":["a","b"]}' % NOON_MS


def test_it_is_written_at_first_though_nothing_is_stopped() -> None:
    """Contract: what a job before this one left is replaced."""
    found = StopList(DAY_MS).due(Stops((), NOON_MS, 4), 1)
    assert json.loads(found) == {"v": [1, NOON_MS, 4], "s": []}


def test_it_is_written_again_by_the_clock_of_traffic() -> None:
    """Contract: who lost it gets it back in ten minutes, though no activity was changed for months."""
    stops, old = StopList(DAY_MS), Stops(("a",), NOON_MS, 5)
    assert stops.is_due(NOON_MS)
    assert stops.due(old, 1, NOON_MS + DAY_MS)
    assert not stops.is_due(NOON_MS + DAY_MS + RENEWED_MS - 1)
    assert stops.due(old, 1, NOON_MS + DAY_MS + RENEWED_MS - 1) == b""
    assert stops.is_due(NOON_MS + DAY_MS + RENEWED_MS)
    assert json.loads(stops.due(old, 1, NOON_MS + DAY_MS + RENEWED_MS))["v"] == [1, NOON_MS, 5]


def test_it_is_written_when_it_changes_and_again_after_ten_minutes_or_by_order() -> None:
    stops = StopList(DAY_MS)
    assert stops.due(Stops(("a",), NOON_MS, 5), 1)
    assert stops.due(Stops(("a",), NOON_MS + 1, 6), 1) == b""
    assert json.loads(stops.due(Stops(("a",), NOON_MS + 2, 7), 1, renew=True))["v"] == [1, NOON_MS + 2, 7]
    assert stops.due(Stops(("a",), NOON_MS + RENEWED_MS, 8), 1) == b""
    assert stops.due(Stops(("a",), NOON_MS + 2 + RENEWED_MS, 9), 1)


HOUR_MS, MINUTE_MS = 3_600_000, 60_000
CAPPED = activity("capped", total_cap=9, ends_ms=NOON_MS + 30 * DAY_MS)


def leased(at_ms: int = NOON_MS, lease_ms: int = HOUR_MS, **stated: Any) -> Standing:
    return Standing(as_of_ms=at_ms, lease_ms=lease_ms, **stated)


def test_older_lists_go_on_until_a_lease_after_the_newest_that_was_learned() -> None:
    """Contract: of any activity, as the learner is one; never beyond its end, and only with a limit over all users."""
    known = [CAPPED, activity("ends", budget=2.0, cost=1.0, ends_ms=NOON_MS + 20 * MINUTE_MS), activity("free")]
    standings = {each.activity_id: leased() for each in known} | {"new": leased(NOON_MS + 5 * MINUTE_MS)}
    found = stopped(known, known, standings)
    assert dict(found.until) == {"capped": (NOON_MS + 65 * MINUTE_MS) // MINUTE_MS, "ends": NOON_MS // MINUTE_MS + 20}


@pytest.mark.parametrize(
    ("stated", "standing"),
    [
        ({}, leased(stopped=True)),
        ({"status": "paused"}, leased()),
        ({"hours": ((0, 0, 60),), "time_zone": "Europe/Berlin"}, leased()),
        ({"total_cap": None}, leased()),
        ({}, None),
        ({}, leased(at_ms=0)),
    ],
    ids=["spent", "paused", "has hours", "no limit any more", "nothing known", "nothing learned"],
)
def test_no_older_list_goes_on_with_what_may_not_be_shown(stated: dict[str, Any], standing: Standing | None) -> None:
    """Contract: hours end on each list with its user's clocks, which one list for all readers does not have."""
    mine = activity("a", **({"total_cap": 9} | stated))
    assert stopped([mine], [mine], {"a": standing} if standing else {}).until == ()


@given(
    st.lists(st.tuples(st.integers(0, 2 * DAY_MS), st.integers(MIN_LEASE_MS, MAX_LEASE_MS)), min_size=1, max_size=20),
    st.integers(0, 19),
)
def test_where_nothing_is_learned_any_more_readers_stop_in_time(told: list[tuple[int, int]], dies_at: int) -> None:
    """Contract: whatever was told before and whenever the job is gone, a lease later no page shows it: none is late."""
    stops, read = StopList(30 * DAY_MS), b""
    for version, (after_ms, lease_ms) in enumerate(told[: dies_at + 1]):
        standing = leased(NOON_MS + after_ms, lease_ms, version=version)
        read = stops.due(stopped([CAPPED], [CAPPED], {"capped": standing}, at_ms=0), 1) or read
    newest_ms = max(after_ms for after_ms, _ in told[: dies_at + 1])
    until_ms = json.loads(read)["u"]["capped"] * MINUTE_MS
    assert until_ms <= NOON_MS + newest_ms + max(lease_ms for _, lease_ms in told[: dies_at + 1])


def test_it_goes_on_with_what_is_learned_a_minute_at_a_time() -> None:
    """Contract: far sooner than the shortest lease is over; its version rises, for Redis keeps the newest alone."""
    stops = StopList(DAY_MS)

    def after(learned_ms: int, version: int) -> bytes:
        standing = leased(NOON_MS + learned_ms, MIN_LEASE_MS, version=version)
        return stops.due(stopped([CAPPED], [CAPPED], {"capped": standing}, at_ms=NOON_MS + DAY_MS), 1)

    first = json.loads(after(0, 0))
    assert first["u"] == {"capped": NOON_MS // MINUTE_MS + 10}
    assert after(MINUTE_MS - 1, 1) == b""
    then = json.loads(after(MINUTE_MS, 2))
    assert (then["u"], then["v"] > first["v"]) == ({"capped": NOON_MS // MINUTE_MS + 11}, True)


def test_without_limits_nothing_beats_in_it() -> None:
    """Contract: the bytes of a shop without budgets, caps in all and stock; a floor alone is no limit."""
    stops = StopList(DAY_MS)
    owed = activity("a", exposure_floor=0.1)
    assert b'"u"' not in stops.due(stopped([owed], [owed], {"a": leased()}), 1)
    assert stops.due(stopped([owed], [owed], {"a": leased(NOON_MS + MINUTE_MS)}), 1) == b""
