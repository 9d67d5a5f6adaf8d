"""The stop list for readers."""

from __future__ import annotations

import json

import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity
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
    assert stopped(activities, activities, STANDINGS) == Stops(("b", "e", "z"), NOON_MS + 1, 14)
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
