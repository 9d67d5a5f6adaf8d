"""What time it is by the events: buckets fire by it, so a job that is behind decides nothing ahead of its events."""

from __future__ import annotations

IDLE_MS = 60_000
"""A topic that has been silent for so long has told all that it had: from then on the machine's clock goes on."""


class EventClock:
    """Of a subtask: the newest time of the broker that any record had."""

    def __init__(self) -> None:
        """Know of no moment yet."""
        self._heard_ms = 0
        self._at_ms: int | None = None

    def hear(self, record_ms: int, present_ms: int) -> int:
        """Take note of a record's time and of when it was read; return the time by the events."""
        self._heard_ms = max(self._heard_ms, record_ms)
        self._at_ms = present_ms
        return self._heard_ms

    def now(self, present_ms: int) -> int:
        """Return the time by the events; 0 where none was read since the start, a minute ago at most.

        It does not go back, and is a minute behind the machine's where nothing has come for that long.
        """
        if self._at_ms is None:
            self._at_ms = present_ms
        if present_ms - self._at_ms >= IDLE_MS:
            self._heard_ms = max(self._heard_ms, present_ms - IDLE_MS)
        return self._heard_ms
