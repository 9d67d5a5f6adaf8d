"""Users as ranking may see them: what their profiles say of time and of consent, applied to a batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.profiles.kept_profile import learns, read_kept
from tideline.udfs.core.profiles.profile_record import MAX_OPT_OUTS
from tideline.udfs.core.users.interest import stranger_x

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.profiles.kept_profile import KeptProfile
    from tideline.udfs.core.users.user_state import UserBatch

_USUAL = 2
"""Consents that are given where nothing is said."""
_FORGOTTEN = (_USUAL + 1) * (MAX_OPT_OUTS + 1)
"""More than of any profile that is not forgotten."""


def as_told(batch: UserBatch, rows: NDArray[np.int64], least_ms: int = 0) -> UserBatch:
    """Return a batch whose given rows are as their users agreed to be ranked; this very one where nothing is changed.

    A list is as of the moment of its user's profile at the earliest, see `moment_of`, and of `least_ms`. Without his
    consent to personalise it a user is a stranger: no history, nothing long liked or seen, x of a stranger. What caps
    and dismissals know stays.
    """
    earlier = rows[batch.header["as_of_ms"][rows] < least_ms] if least_ms else rows[:0]
    if not earlier.size and not any(batch.profiles):
        return batch
    told = [(row, read_kept(batch.profiles[row])) for row in rows.tolist() if batch.profiles[row]]
    header, history, liked, seen = batch.header.copy(), batch.history, batch.liked, batch.seen
    those, times_ms = np.array([(row, moment_of(profile)) for row, profile in told], np.int64).reshape(-1, 2).T
    header["as_of_ms"][those] = np.maximum(header["as_of_ms"][those], times_ms)
    header["as_of_ms"][earlier] = np.maximum(header["as_of_ms"][earlier], least_ms)
    strangers = np.array([row for row, profile in told if not profile.personalise], np.int64)
    if strangers.size:
        history, liked, seen = history.copy(), liked.copy(), list(seen)
        for name in ("n_history", "accepted", "purchases"):
            header[name][strangers] = 0
        header["x"][strangers] = stranger_x()
        history[strangers] = np.zeros((), history.dtype)
        liked[strangers] = 0
        for row in strangers.tolist():
            seen[row] = b""
    return replace(batch, header=header, history=history, liked=liked, seen=seen)


def not_to_learn(batch: UserBatch, rows: NDArray[np.int64]) -> NDArray[np.bool_] | None:
    """Return which of the given rows' users do not agree to be learned from; None where all do."""
    told = [batch.profiles[row] for row in rows.tolist()]
    if not any(told):
        return None
    return np.array([not learns(kept) for kept in told], np.bool_)


def moment_of(profile: KeptProfile) -> int:
    """Return the moment that lists are as of where a profile is the newest thing known of a user.

    It is that of the profile, and some thousandths of a second later the less it allows: of two profiles of one moment
    the one that counts then leads to the newer list, which replaces the other's.
    """
    if not profile.stated:
        return profile.ts_ms + _FORGOTTEN
    denied = _USUAL - (profile.personalise + profile.learn + profile.push)
    return profile.ts_ms + denied * (MAX_OPT_OUTS + 1) + len(profile.opt_outs)


def known(batch: UserBatch) -> NDArray[np.bool_]:
    """Return [U]: of which users more is known than a profile, so that they have lists."""
    found: NDArray[np.bool_] = (batch.header["seq"] > 0) | (batch.header["as_of_ms"] != 0)
    return found
