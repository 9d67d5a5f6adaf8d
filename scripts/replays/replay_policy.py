"""What a replay has learned, as it stands in the policy topic of its own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypedDict

from tideline.udfs.core.policies.arm_key import is_sums_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.udfs.core.policies.policy_start import TopicRecord


class Learned(TypedDict):
    """The topic, the version that ranks by all of it, and of how many arms (an activity under an encoder) it tells."""

    topic: str
    version: int
    arms: int


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
