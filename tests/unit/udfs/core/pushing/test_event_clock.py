"""The clock by which buckets fire."""

from __future__ import annotations

from tideline.udfs.core.pushing.event_clock import IDLE_MS, EventClock


def test_it_shows_the_newest_time_that_was_heard_and_never_goes_back() -> None:
    """Contract: however late records come, and whatever the machine's clock shows meanwhile."""
    clock = EventClock()
    assert clock.now(500_000_000) == 0
    assert [clock.hear(ms, 500_000_000) for ms in (7_000, 9_000, 8_000)] == [7_000, 9_000, 9_000]
    assert clock.now(500_000_000 + IDLE_MS - 1) == 9_000


def test_it_goes_on_with_the_machine_where_nothing_is_heard_for_a_minute() -> None:
    """Contract: from the start too; a record of before does not put it back."""
    clock = EventClock()
    assert (clock.now(1_000_000), clock.now(1_000_000 + IDLE_MS)) == (0, 1_000_000)
    assert clock.hear(5, 1_000_000 + IDLE_MS) == 1_000_000
    assert clock.now(1_000_000 + 3 * IDLE_MS) == 1_000_000 + 2 * IDLE_MS
