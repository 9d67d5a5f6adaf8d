"""States of users in the simulated year, without what may differ where events came in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.shown.shown_bytes import USE, joined, split
from tideline.udfs.core.users.user_state import decode_states, encode_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_USES = 7
"""Place of the marks of impressions and clicks among the parts of what was shown."""


def what_counts(states: Sequence[bytes], needs: Mapping[int, tuple[int, int]]) -> list[bytes]:
    """Return states without what hangs on the order of arrival and changes no list.

    That is what the robot rule counts, and marks that no cap asks for any more: a day after its window a mark may go,
    seen from the newest one of its activity, which an earlier event of the same entry may move back.
    """
    batch = decode_states(states, 8)
    for name in ("rate_seconds", "rate_acts"):
        batch.header[name] = 0
    batch.shown = [_asked_for(shown, needs) for shown in batch.shown]
    return encode_states(batch)


def _asked_for(shown: bytes, needs: Mapping[int, tuple[int, int]]) -> bytes:
    if not shown:
        return shown
    parts = split(shown)
    uses = np.frombuffer(parts[_USES], USE)
    newest = {each: int(uses["at"][uses["activity"] == each].max()) for each in set(uses["activity"].tolist())}
    asked = [at > newest[each] - needs.get(each, (0, 0))[1] // 60_000 for each, at in uses[["activity", "at"]].tolist()]
    parts[_USES] = uses[np.array(asked, np.bool_)].tobytes()
    return joined(parts)
