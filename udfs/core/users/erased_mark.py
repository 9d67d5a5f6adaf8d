"""Up to when a user was erased, in front of his state: a byte that no state begins with, and the time.

Of an erased user of whom nothing is known since, these 9 bytes are all that is kept (golden file
tests/golden/erased_mark_v1.bin). Who comes back has a state behind them as everybody. Who never was erased has none.
"""

from __future__ import annotations

import struct

_FORM = struct.Struct("<Bq")
ERASED_MARK = 0xE1
"""First byte of version 1; no version of a state is as high."""
MARK_BYTES = _FORM.size


def marked(erased_ms: int, state: bytes) -> bytes:
    """Return a state, or none, behind up to when its user was erased."""
    return _FORM.pack(ERASED_MARK, erased_ms) + state


def unmarked(state: bytes) -> tuple[int, bytes]:
    """Return up to when the user of a state was erased, 0 for never, and his state without that.

    >>> unmarked(marked(1700000000000, b""))
    (1700000000000, b'')
    """
    if state[0] != ERASED_MARK:
        return 0, state
    erased_ms: int = _FORM.unpack_from(state)[1]
    return erased_ms, state[MARK_BYTES:]
