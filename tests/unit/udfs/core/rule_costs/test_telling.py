"""When what rules cost is published."""

from __future__ import annotations

import pytest

from tests.unit.udfs.core.rule_costs.test_days import part
from tideline.udfs.core.rule_costs.telling import TOLD_EVERY_MS, begins_a_day, waited


@pytest.mark.parametrize("publish_ms", [100, 2_000, 7_000, TOLD_EVERY_MS, 10 * TOLD_EVERY_MS])
def test_something_new_waits_for_a_minute_of_intervals(publish_ms: int) -> None:
    """Contract: for no more, and where an interval is longer than that not at all."""
    intervals, count = waited(0, publish_ms), 1
    while intervals:
        assert intervals == count
        intervals, count = waited(intervals, publish_ms), count + 1
    assert count == 1 or TOLD_EVERY_MS - publish_ms < count * publish_ms <= TOLD_EVERY_MS


def test_a_later_day_begins_and_an_earlier_one_does_not() -> None:
    """Contract: the first news begins a day, no news begins none."""
    kept = part(20)
    assert begins_a_day(None, [part(20)])
    assert begins_a_day(kept, [part(19), part(21)])
    assert not begins_a_day(kept, [part(20), part(13)])
    assert not begins_a_day(kept, [])
    assert not begins_a_day(None, [])
