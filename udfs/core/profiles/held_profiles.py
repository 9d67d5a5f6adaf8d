"""Profiles of a topic as it stands, for a job over the past: each user's of the moment that is worked off.

Two topics are read side by side, so which of their records comes first is chance. A replay and a backfill do not leave
it to that: they read all profiles at their start and ask for each moment. Of a user nobody asks for the records are
not even decoded: each ranker is asked for its own users alone.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.profiles.kept_profile import NO_PROFILE, keep_record, order, read_kept

if TYPE_CHECKING:
    from collections.abc import Iterable

Record = tuple[bytes | None, bytes | None, int]
"""Key, value, Kafka timestamp."""


class HeldProfiles:
    """All profiles of all users, those that a later one replaced too as long as the topic has them."""

    def __init__(self, records: Iterable[Record]) -> None:
        """Take in records; what is refused is not there."""
        self._records: dict[bytes, list[Record]] = {}
        self._kept: dict[str, list[bytes]] = {}
        for record in records:
            if record[0]:
                self._records.setdefault(record[0], []).append(record)

    def knows(self, user: str) -> bool:
        """Return whether there is any record of a user, one that is refused maybe."""
        return user in self._kept or user.encode() in self._records

    def at(self, user: str, ts_ms: int) -> bytes:
        """Return the profile that was a user's at a moment, NO_PROFILE where it speaks of later only."""
        records = self._records.pop(user.encode(), None)
        if records is not None:
            self._kept[user] = sorted(_readable(records), key=order)
        mine = self._kept.get(user, ())
        place = bisect_right(mine, ts_ms, key=_time_of)
        return mine[place - 1] if place else NO_PROFILE


def _readable(records: Iterable[Record]) -> Iterable[bytes]:
    for record in records:
        try:
            yield keep_record(*record)[1]
        except InvalidRecord:
            continue


def _time_of(kept: bytes) -> int:
    return read_kept(kept).ts_ms
