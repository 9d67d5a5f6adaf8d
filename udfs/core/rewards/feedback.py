"""What a batch tells the learner: rewards by activity, as one bytes value.

Bytes: layout, number of ids, each id behind its length, rows. No character of an id means anything.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.context import DIM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEEDBACK_LAYOUT = 7
TAKEN_BACK = 2
"""`unlearned` of what is taken back of an erased user: sums alone count it, for a budget stays spent."""

ROWS = np.dtype(
    [
        ("activity", "<u4"),
        ("encoder", "<u2"),
        ("impressions", "i1"),
        ("clicks", "i1"),
        ("conversions", "i1"),
        ("dismissals", "i1"),
        ("revenue_milli", "<i8"),
        ("ts_ms", "<i8"),
        ("x", "i1", (DIM,)),
        ("examination_discount", "u1"),
        ("pair", "<u4"),
        ("unlearned", "u1"),
        ("variant", "<u2"),
        ("lag", "u1"),
        ("lag_before", "u1"),
    ]
)
"""Increments; `activity` is a place in the list of ids that travels along, `ts_ms` the time of the impression,
`revenue_milli` thousandths of a unit, `examination_discount` the hundredths by which an impression counts less than a
whole one: its place is not always looked at, `pair` what was scored (pair_numbers.py), of every row that carries
impressions or clicks; a row that the token is no longer at hand for has 0 and carries neither; `unlearned` 1 where its
user has not agreed to be learned from: budgets and floors count it, and nothing else, TAKEN_BACK the other way round;
`variant` the mark of the variant that impressions and clicks are of, 0 where the activity has none; `lag` how late the
conversion is that counts now, `lag_before` the one that did, as codes (lags.py): 0 for none and for the same."""

_ROW = struct.Struct("<IHbbbbqq16sBIBHBB")
_LENGTH = struct.Struct("<I")


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
    revenue_milli: int = 0
    examination_discount: int = 0
    pair: int = 0
    unlearned: int = 0
    variant: int = 0
    lag: int = 0
    lag_before: int = 0


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
            row.revenue_milli,
            row.ts_ms,
            row.x,
            row.examination_discount,
            row.pair,
            row.unlearned,
            row.variant,
            row.lag,
            row.lag_before,
        )
        for row in rows
    ]
    names = [name.encode() for name in ids]
    head = [bytes([FEEDBACK_LAYOUT]), _LENGTH.pack(len(names)), *(_LENGTH.pack(len(name)) + name for name in names)]
    return b"".join(head + table)


def decode_feedback(data: bytes) -> tuple[list[str], NDArray[Any]]:
    """Return the activity ids and the rows (dtype ROWS) of encoded feedback.

    Raises:
        ValueError: a layout this build does not read.
    """
    if data[0] != FEEDBACK_LAYOUT:
        raise ValueError(f"feedback of layout {data[0]}; this build reads {FEEDBACK_LAYOUT}")
    names, end = [], 1 + _LENGTH.size
    for _ in range(_LENGTH.unpack_from(data, 1)[0]):
        start = end + _LENGTH.size
        end = start + _LENGTH.unpack_from(data, end)[0]
        names.append(data[start:end].decode())
    return names, np.frombuffer(data, ROWS, offset=end)


def gather_feedback(parts: Sequence[bytes]) -> tuple[list[str], NDArray[Any]]:
    """Return the ids and rows of several encoded feedbacks as if they had been encoded together."""
    place: dict[str, int] = {}
    tables = []
    for part in parts:
        ids, rows = decode_feedback(part)
        table = rows.copy()
        table["activity"] = np.array([place.setdefault(name, len(place)) for name in ids], np.uint32)[rows["activity"]]
        tables.append(table)
    return list(place), np.concatenate(tables)
