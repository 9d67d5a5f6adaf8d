"""What a valid activity says that nobody can be shown it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.hashing import hash32

if TYPE_CHECKING:
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.users.features import Vocabulary


class Unreachable(StrEnum):
    """Why nobody can be shown an activity; the text is the metric's label, `meaning` is for people."""

    meaning: str

    def __new__(cls, label: str, meaning: str = "") -> Unreachable:
        """Make a member whose value is `label` alone."""
        member = str.__new__(cls, label)
        member._value_ = label
        member.meaning = meaning
        return member

    OVER = "over", "its window was over when it was written"
    UNKNOWN_CATEGORY = "unknown_category", "its rule asks for categories that no event had when the encoder was trained"
    CLASH = "clash", "another activity, before it by id, has the same 24-bit tag or number: give it another id"


def unreachable(activity: Activity, written_ms: int, known: Vocabulary) -> Unreachable | None:
    """Return why an activity written at a moment reaches nobody, None where it may reach somebody.

    A paused or ended one is meant to reach nobody.
    """
    if activity.status != "active":
        return None
    if activity.ends_ms <= written_ms:
        return Unreachable.OVER
    wanted = activity.rule.any_category if activity.rule else ()
    hashes = np.array([hash32(name) for name in wanted], np.uint32)
    if wanted and known.hashes.size and not np.isin(hashes, known.hashes).any():
        return Unreachable.UNKNOWN_CATEGORY
    return None
