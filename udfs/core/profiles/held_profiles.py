"""Profiles of a topic as it stands, for a job over the past: each user's of the moment that is worked off.

Two topics are read side by side, so which of their records comes first is chance. A replay and a backfill do not leave
it to that: they read all profiles at their start and ask for each moment.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.profiles.kept_profile import NO_PROFILE, keep_record, order, read_kept

if TYPE_CHECKING:
    from collections.abc import Iterable


class HeldProfiles:
    """All profiles of all users, those that a later one replaced too as long as the topic has them."""

    def __init__(self, records: Iterable[tuple[bytes | None, bytes | None, int]]) -> None:
        """Take in records, (key, value, Kafka timestamp); what is refused is not there."""
        self._kept: dict[str, list[bytes]] = {}
        for record in records:
            try:
                user, kept = keep_record(*record)
            except InvalidRecord:
                continue
            self._kept.setdefault(user, []).append(kept)
        for several in self._kept.values():
            if len(several) > 1:
                several.sort(key=order)

    def at(self, user: str, ts_ms: int) -> bytes:
        """Return the profile that was a user's at a moment, NO_PROFILE where it speaks of later only."""
        mine = self._kept.get(user, ())
        place = bisect_right(mine, ts_ms, key=_time_of)
        return mine[place - 1] if place else NO_PROFILE

    def learns(self, user: str, ts_ms: int) -> bool:
        """Return whether a user was to be learned from at a moment."""
        kept = self.at(user, ts_ms)
        return not kept or read_kept(kept).learn


def _time_of(kept: bytes) -> int:
    return read_kept(kept).ts_ms
