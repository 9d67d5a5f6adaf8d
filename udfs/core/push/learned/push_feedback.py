"""What decision points tell the learner: rows as one bytes value, beside feedback and told from it by the first byte.

Layout 1, golden file tests/golden/push_feedback_v1.bin: layout over the marker, then rows (dtype PUSH_FEEDBACK).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.learning.intake import FIRST_MS, LAST_MS, Refusal
from tideline.udfs.core.push.effect_sums import PUSH_ROWS, sound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PUSH_FEEDBACK_LAYOUT = 1
_MARKER = 128
"""No feedback begins with so much: its first byte is its layout."""
UNLEARNED = 1
"""`unlearned` of what counts for the room of all pushes and for nothing else: of who has not agreed to be learned from,
and of what had to be sent, whose chance says nothing."""
PUSH_FEEDBACK = np.dtype([*PUSH_ROWS.descr, ("unlearned", "u1")])
"""PUSH_ROWS, and whether it is learned from: 0, or UNLEARNED."""


class PushRows(NamedTuple):
    """Rows that can be right, and how many were set aside by reason."""

    rows: NDArray[Any]
    refused: Counter[Refusal]


def encode_push_rows(rows: NDArray[Any]) -> bytes:
    """Return rows (dtype PUSH_FEEDBACK) as bytes; none for no rows."""
    return bytes([_MARKER + PUSH_FEEDBACK_LAYOUT]) + rows.tobytes() if rows.size else b""


def is_push_rows(data: bytes) -> bool:
    """Return whether bytes are rows of decision points, of any layout."""
    return data[0] > _MARKER


def gather_push_rows(parts: Sequence[bytes]) -> PushRows:
    """Return the rows of encoded parts that can be right.

    Raises:
        ValueError: a layout this build does not read.
    """
    for part in parts:
        if part[0] != _MARKER + PUSH_FEEDBACK_LAYOUT:
            layout = f"{part[0] - _MARKER}; this build reads {PUSH_FEEDBACK_LAYOUT}"
            raise ValueError(f"feedback of pushes of layout {layout}")
    rows = np.concatenate([np.frombuffer(part, PUSH_FEEDBACK, offset=1) for part in parts])
    refused: Counter[Refusal] = Counter()
    in_time = (rows["ts_ms"] >= FIRST_MS) & (rows["ts_ms"] < LAST_MS)
    refused[Refusal.BAD_TIME] += int(rows.size - np.count_nonzero(in_time))
    rows = rows[in_time]
    room_alone = (rows["unlearned"] == UNLEARNED) & (rows["sent"] <= 1) & (np.abs(rows["decisions"]) <= 1)
    right = room_alone | ((rows["unlearned"] == 0) & sound(rows))
    refused[Refusal.BAD_NUMBER] += int(rows.size - np.count_nonzero(right))
    return PushRows(rows[right], +refused)
