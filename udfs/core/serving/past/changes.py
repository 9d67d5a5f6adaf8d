"""What a compacted topic still tells of its past: what was changed when, and what compaction has taken.

Compaction keeps the newest record of each key, so of former ones there may be nothing left but a gap in the offsets:
nobody can say which key it was. Whoever has a later record may have had it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tideline.udfs.core.policies.policy_start import TopicRecord


class Change(NamedTuple):
    """From when on a key has a value; None: it has none any more."""

    from_ms: int
    key: bytes
    value: bytes | None


class Changes(NamedTuple):
    """Changes in the order of the topic, which is that of their times."""

    told: Sequence[Change]
    lost_at_ms: Sequence[int]
    """Of each record that is gone, when the next one that is there was written: it was no later."""
    unsure: dict[bytes, int]
    """Keys that may have had an earlier record, with the time of the oldest one that is there."""

    def lost_before(self, ms: int) -> int:
        """Return how many records are gone that may have been written before a moment."""
        return sum(each < ms for each in self.lost_at_ms)


def changes_of(records: Iterable[TopicRecord]) -> Changes:
    """Return what the records of a topic with one partition say, those that are there, by rising offset.

    A record is in force from its timestamp on, but not before those before it are: one clock that was behind moves
    nothing back.
    """
    told: list[Change] = []
    lost_at_ms: list[int] = []
    unsure: dict[bytes, int] = {}
    known: set[bytes] = set()
    next_offset = now_ms = 0
    for record in records:
        now_ms = max(now_ms, record.timestamp_ms)
        lost_at_ms += [now_ms] * (record.offset - next_offset)
        next_offset = record.offset + 1
        key = record.key or b""
        if lost_at_ms and key not in known:
            unsure[key] = now_ms
        known.add(key)
        told.append(Change(now_ms, key, record.value))
    return Changes(told, lost_at_ms, unsure)
