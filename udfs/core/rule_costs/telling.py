"""When what rules cost is published: not with every batch that brings some, as a record of a week has up to 64 kB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.rule_costs.days import decode_costs

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLD_EVERY_MS = 60_000
"""So long something new waits for more, in publish intervals that bring anything to learn."""


def waited(intervals: int, publish_ms: int) -> int:
    """Return for how many publish intervals something new has waited, with this one; 0: it is to be published.

    >>> [waited(intervals, 20_000) for intervals in (0, 1, 2)]
    [1, 2, 0]
    """
    return (intervals + 1) % max(TOLD_EVERY_MS // publish_ms, 1)


def begins_a_day(kept: bytes | None, parts: Sequence[bytes]) -> bool:
    """Return whether something new is of a later day than all that is kept, which is then told as it ended."""
    newest = _last_day(parts)
    return newest >= 0 and (kept is None or newest > _last_day([kept]))


def _last_day(records: Sequence[bytes]) -> int:
    return max((costs.day for record in records for costs in decode_costs(record)), default=-1)
