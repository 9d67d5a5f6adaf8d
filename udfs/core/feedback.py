"""What a batch tells the learner: rewards by activity, as one bytes value."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from udfs.core.user_state import DIM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OBJECTIVES = ("click", "conversion", "revenue")
_LAYOUT = 2

ROWS = np.dtype(
    [
        ("activity", "<u2"),
        ("encoder", "<u2"),
        ("impressions", "i1"),
        ("clicks", "i1"),
        ("conversions", "i1"),
        ("dismissals", "i1"),
        ("revenue_cents", "<i4"),
        ("ts_ms", "<i8"),
        ("x", "i1", (DIM,)),
        ("overlooked", "u1"),
    ]
)
"""Increments; `activity` is a place in the list of ids that travels along, `ts_ms` the time of the impression,
`overlooked` the hundredths by which an impression counts less than a whole one: its place is not always looked at."""

_ROWS_V1 = np.dtype([(name, ROWS[name]) for name in ROWS.names or () if name != "overlooked"])
_ROW = struct.Struct("<HHbbbbiq16sB")


class Feedback(NamedTuple):
    """One increment of what is known about an activity, in the context x (int8 bytes) it was shown in."""

    activity_id: str
    encoder: int
    ts_ms: int
    x: bytes
    impressions: int = 0
    clicks: int = 0
    conversions: int = 0
    dismissals: int = 0
    revenue_cents: int = 0
    overlooked: int = 0


def encode_feedback(rows: Sequence[Feedback]) -> bytes:
    """Return the rows as bytes; none for no rows."""
    if not rows:
        return b""
    ids = sorted({row.activity_id for row in rows})
    place = {name: at for at, name in enumerate(ids)}
    table = [
        _ROW.pack(
            place[row.activity_id],
            row.encoder,
            row.impressions,
            row.clicks,
            row.conversions,
            row.dismissals,
            row.revenue_cents,
            row.ts_ms,
            row.x,
            row.overlooked,
        )
        for row in rows
    ]
    names = "\n".join(ids).encode()
    return bytes([_LAYOUT]) + len(names).to_bytes(4, "little") + names + b"".join(table)


def decode_feedback(data: bytes) -> tuple[list[str], NDArray[Any]]:
    """Return the activity ids and the rows (dtype ROWS) of encoded feedback.

    Raises:
        ValueError: a layout this build does not read.
    """
    if data[0] not in (1, _LAYOUT):
        raise ValueError(f"feedback of layout {data[0]}; this build reads 1 and {_LAYOUT}")
    end = 5 + int.from_bytes(data[1:5], "little")
    names = data[5:end].decode().split("\n")
    return names, np.frombuffer(data, ROWS, offset=end) if data[0] == _LAYOUT else _from_v1(data, end)


def _from_v1(data: bytes, start: int) -> NDArray[Any]:
    """Return rows of layout 1: each impression counts whole."""
    old = np.frombuffer(data, _ROWS_V1, offset=start)
    new = np.zeros(old.size, ROWS)
    for name in _ROWS_V1.names or ():
        new[name] = old[name]
    return new


def gather_feedback(parts: Sequence[bytes]) -> tuple[list[str], NDArray[Any]]:
    """Return the ids and rows of several encoded feedbacks as if they had been encoded together."""
    place: dict[str, int] = {}
    tables = []
    for part in parts:
        ids, rows = decode_feedback(part)
        table = rows.copy()
        table["activity"] = np.array([place.setdefault(name, len(place)) for name in ids], np.uint16)[rows["activity"]]
        tables.append(table)
    return list(place), np.concatenate(tables)
