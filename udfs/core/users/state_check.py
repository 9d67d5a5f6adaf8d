"""Whether the bytes of a user's state are whole: a broken one costs its user his past, and nobody else anything."""

from __future__ import annotations

from tideline.udfs.core.shown.shown_bytes import shown_fits
from tideline.udfs.core.users.user_state import EVENT, HEADER, HISTORY, STATE_VERSION

_EVENT_BYTES, _HEADER_BYTES = EVENT.itemsize, HEADER.itemsize
_VERSION, _N_HISTORY, _H_LEN = 0, 1, 2
"""Places in the header."""


def is_malformed(state: bytes) -> bool:
    """Return whether a state is not as long as it says. One of another version is no such case: it is refused."""
    if len(state) < _HEADER_BYTES:
        return True
    if state[_VERSION] != STATE_VERSION:
        return False
    end = _HEADER_BYTES + 4 * state[_H_LEN] + _EVENT_BYTES * state[_N_HISTORY]
    return state[_N_HISTORY] > HISTORY or end > len(state) or not shown_fits(state[end:])
