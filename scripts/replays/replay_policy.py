"""Which version of the policy a replay ranks by, and what one has learned, as its own policy topic has it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypedDict

from tideline.schemas.errors import ConfigError, TooFew
from tideline.udfs.core.policies.arm_key import is_sums_key
from tideline.udfs.core.policies.policy_start import read_start

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.udfs.core.policies.policy_start import Log, TopicRecord

_WHOLE_DAYS = 7
"""So long the policy's topic has all of its records (schemas/topics.py); of older ones each key's newest."""
_DAY_MS = 86_400_000


class Learned(TypedDict):
    """The topic, the version that ranks by all of it, and of how many arms (an activity under an encoder) it tells."""

    topic: str
    version: int
    arms: int


def pinned(log: Log, publish_ms: int, asked: int | None, now_ms: int) -> int | None:
    """Return the version to rank by: the newest, None where there is none, or the one that was asked for.

    Raises:
        ConfigError: it is not there yet; TooFew: rows of it may be gone.
    """
    newest = log.end - 1
    if asked is None:
        return newest if newest >= 0 else None
    if asked > newest:
        raise ConfigError("policy_pin", asked, f"not above {newest}, the newest version that there is")
    later = next(iter(log.records(asked + 1, log.end)), None)
    worn = later is not None and later.timestamp_ms < now_ms - _WHOLE_DAYS * _DAY_MS
    if (worn or asked < log.begin) and not read_start(log, publish_ms, asked).complete:
        told = f"a version of the last {_WHOLE_DAYS} days: rows of older ones may be gone"
        raise TooFew("policy_pin", asked, f"{told}; an archive that was kept with --policy has them (--archive)")
    return asked


def learned_of(topic: str, records: Iterable[TopicRecord]) -> tuple[Learned, str]:
    """Return what the records of a topic say, and SHA-256 in hex over the newest value of each key.

    Of each key in rising order: its length in 8 bytes, big-endian, the key, the same of the value. So what a restart
    has written twice leaves no trace. Nothing was learned: version -1.
    """
    newest = {each.key: each for each in records if each.key is not None and each.value is not None}
    told = hashlib.sha256()
    for key, record in sorted(newest.items()):
        for part in (key, record.value or b""):
            told.update(len(part).to_bytes(8, "big") + part)
    version = max((each.offset for each in newest.values()), default=-1)
    arms = sum(map(is_sums_key, newest))
    return {"topic": topic, "version": version, "arms": arms}, told.hexdigest()
