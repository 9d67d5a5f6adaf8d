"""Profile records of many users: the newest of each, and what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.profiles.kept_profile import NO_PROFILE, keep_record, newest

if TYPE_CHECKING:
    from collections.abc import Iterable


class Told(NamedTuple):
    """Profiles to keep and the number of the last record, by user; refused records by number."""

    profiles: dict[str, bytes]
    numbers: dict[str, int]
    refused: list[tuple[int, InvalidRecord]]


def told_by(records: Iterable[tuple[bytes | None, bytes | None, int]]) -> Told:
    """Return what records, (key, value, Kafka timestamp), say: the same profiles in any order."""
    told = Told({}, {}, [])
    for number, record in enumerate(records):
        try:
            user, kept = keep_record(*record)
        except InvalidRecord as error:
            told.refused.append((number, error))
            continue
        told.profiles[user] = newest(told.profiles.get(user, NO_PROFILE), kept)
        told.numbers[user] = number
    return told
