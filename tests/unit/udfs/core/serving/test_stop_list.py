"""The stop list for readers."""

from __future__ import annotations

import json

from tests.support.core_world import DAY_MS, NOON_MS
from tideline.udfs.core.budgets.standing import Standing
from tideline.udfs.core.serving.popular_list import RENEWED_MS
from tideline.udfs.core.serving.stop_list import StopList

STOPPED = {
    "b": Standing(stopped=True, as_of_ms=NOON_MS, version=7),
    "a": Standing(stopped=True, as_of_ms=NOON_MS, version=6),
    "c": Standing(as_of_ms=NOON_MS + 1, version=8),
}


def test_it_names_what_is_stopped_in_order_with_a_version() -> None:
    """Contract: compact, the version first, as whoever writes lists compares them."""
    found = StopList(DAY_MS).due(STOPPED, 3)
    assert found == b'{"v":[3,%d,9],"s":["a","b"]}' % (NOON_MS + 1)


def test_there_is_none_without_ledgers_and_an_empty_one_where_nothing_is_stopped() -> None:
    stops = StopList(DAY_MS)
    assert stops.due({}, 1) == b""
    assert json.loads(stops.due({"a": Standing(as_of_ms=NOON_MS, version=2)}, 1)) == {"v": [1, NOON_MS, 3], "s": []}


def test_it_is_written_when_it_changes_and_again_after_ten_minutes() -> None:
    """Contract: an activity that may be shown again is off it at once."""
    stops = StopList(DAY_MS)
    assert stops.due(STOPPED, 1)
    later = {**STOPPED, "c": Standing(as_of_ms=NOON_MS + RENEWED_MS, version=9)}
    assert stops.due(STOPPED, 1) == stops.due(later, 1) == b""
    freed = {**later, "a": Standing(as_of_ms=NOON_MS + RENEWED_MS, version=10)}
    assert json.loads(stops.due(freed, 1))["s"] == ["b"]
    renewed = {**freed, "c": Standing(as_of_ms=NOON_MS + 2 * RENEWED_MS, version=11)}
    assert json.loads(stops.due(renewed, 1))["v"] == [1, NOON_MS + 2 * RENEWED_MS, 12]
