"""The dead-letter limit: when too much of a minute's input is a producer's fault, stopping beats setting it aside.

What a visitor can cause (`producer_fault` of the reason is false) is none of its business: nobody may stop the job.
"""

from __future__ import annotations

from tideline.schemas.errors import TidelineError

MAX_INVALID_RATIO = 0.05
_ENOUGH_AT_ONCE = 1_000
_ENOUGH_IN_A_MINUTE = 100
_MINUTE_MS = 60_000
_MINUTES_LATE = 10
"""Further back is not late: the clock was ahead, and begins anew."""


class DeadLetterLimitReached(TidelineError):
    """Over 5 % of a minute's records are invalid by a producer's fault."""


class DeadLetterLimit:
    """Counts records by minute of their Kafka timestamp."""

    def __init__(self) -> None:
        self._minute = -1
        self._total = 0
        self._invalid = 0

    def count(self, newest_ms: int, total: int, invalid: int) -> None:
        """Count a batch whose newest record has the given Kafka timestamp; `invalid`: by a producer's fault.

        Raises:
            BrakeEngaged: over 5 % of at least 1,000 records of the running minute are invalid, or of at least 100
                once the minute is over.
        """
        minute = newest_ms // _MINUTE_MS
        if minute > self._minute or minute < self._minute - _MINUTES_LATE:
            self._judge(_ENOUGH_IN_A_MINUTE)
            self._minute, self._total, self._invalid = minute, 0, 0
        self._total += total
        self._invalid += invalid
        self._judge(_ENOUGH_AT_ONCE)

    def _judge(self, enough: int) -> None:
        if self._total >= enough and self._invalid > MAX_INVALID_RATIO * self._total:
            raise DeadLetterLimitReached(
                f"{self._invalid} of {self._total} records of one minute are invalid, over {MAX_INVALID_RATIO:.0%}; "
                "see the dead letters, mend the producer, then resume from the last checkpoint"
            )
