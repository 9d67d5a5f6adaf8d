"""What is kept of a user, and its bytes (state version 4, golden file tests/golden/state_v4.bin).

Layout, little-endian: header | h (h_len float32) | n_history rows of 28 bytes | what he was shown (shown_state.py).
A batch of users is loaded into arrays at once: at 250 users a batch this costs 1.5 us a user, a loop over users 9 us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.context import DIM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

STATE_VERSION = 4
HISTORY = 31
"""Events kept: the longest sawtooth window."""
SECONDS_KEPT = 4
"""Seconds whose acts the guard against robots holds."""

HEADER = np.dtype(
    [
        ("version", "u1"),
        ("n_history", "u1"),
        ("h_len", "u1"),
        ("encoder", "<u2"),
        ("accepted", "<u4"),
        ("seq", "<u4"),
        ("purchases", "<u4"),
        ("robot_from_s", "<u4"),
        ("robot_until_s", "<u4"),
        ("rate_seconds", "<u4", (SECONDS_KEPT,)),
        ("rate_acts", "<u8", (SECONDS_KEPT,)),
        ("as_of_ms", "<i8"),
        ("x", "i1", (DIM,)),
    ]
)
"""encoder: version that h and x belong to, 0 = none. accepted: organic events ever applied, seq: all updates.
rate_, robot_: see rate_guard.py."""

EVENT = np.dtype(
    [
        ("ts_ms", "<i8"),
        ("event", "<u8"),
        ("item", "<u4"),
        ("category", "<u4"),
        ("type", "u1"),
        ("quantity", "u1"),
        ("price", "<f2"),
    ]
)

MAX_PRICE = 65_000.0
"""Largest price of an EVENT: float16 ends at 65504."""
MAX_QUANTITY = 255
"""Largest quantity of an EVENT."""


@dataclass(slots=True)
class UserBatch:
    """U users as arrays: header [U], h [U, H], history [U, 31] right-aligned by time, what was shown as bytes."""

    header: NDArray[Any]
    h: NDArray[np.float32]
    history: NDArray[Any]
    shown: list[bytes]


def decode_states(states: Sequence[bytes | None], hidden: int) -> UserBatch:
    """Return the users of `states` (None: never seen) for an encoder with `hidden` numbers in h.

    An h of another length reads as none: its `encoder` becomes 0, so that it is rebuilt.

    Raises:
        ValueError: a state of a version this code does not know.
    """
    users = len(states)
    batch = UserBatch(
        np.zeros(users, HEADER), np.zeros((users, hidden), np.float32), np.zeros((users, HISTORY), EVENT), [b""] * users
    )
    batch.header["version"] = STATE_VERSION
    known = [at for at, state in enumerate(states) if state is not None]
    if known:
        _fill(batch, np.array(known), [state for state in states if state is not None], hidden)
    return batch


def _fill(batch: UserBatch, rows: NDArray[np.int64], states: list[bytes], hidden: int) -> None:
    data = np.frombuffer(b"".join(states), np.uint8)
    lengths = np.array([len(state) for state in states])
    starts = np.cumsum(lengths) - lengths
    header = data[starts[:, None] + np.arange(HEADER.itemsize)].view(HEADER)[:, 0]
    unknown = set(header["version"].tolist()) - {STATE_VERSION}
    if unknown:
        raise ValueError(f"user state of version {sorted(unknown)}; this build reads version {STATE_VERSION}")
    batch.header[rows] = header

    at_h = starts + HEADER.itemsize
    h_len = header["h_len"].astype(np.int64)
    fits = h_len == hidden
    batch.h[rows[fits]] = data[at_h[fits, None] + np.arange(4 * hidden)].view(np.float32)
    batch.header["encoder"][rows[~fits]] = 0

    at_history = at_h + 4 * h_len
    counts = header["n_history"].astype(np.int64)
    owner = np.repeat(np.arange(rows.size), counts)
    place = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    row_starts = at_history[owner] + place * EVENT.itemsize
    events = data[row_starts[:, None] + np.arange(EVENT.itemsize)].view(EVENT)
    if owner.size:
        batch.history[rows[owner], HISTORY - counts[owner] + place] = events[:, 0]

    ends = (at_history - starts + counts * EVENT.itemsize).tolist()
    for row, state, end in zip(rows.tolist(), states, ends, strict=True):
        batch.shown[row] = state[end:]


def encode_states(batch: UserBatch, rows: NDArray[np.int64]) -> list[bytes]:
    """Return the state bytes of the given rows of a batch, in their order."""
    header = batch.header[rows]
    hidden = batch.h.shape[1]
    header["version"] = STATE_VERSION
    header["h_len"] = np.where(header["encoder"] != 0, hidden, 0)
    heads = np.ascontiguousarray(header).view(np.uint8).reshape(rows.size, HEADER.itemsize)
    hs = np.ascontiguousarray(batch.h[rows]).view(np.uint8).reshape(rows.size, 4 * hidden)
    events = np.ascontiguousarray(batch.history[rows]).view(np.uint8).reshape(rows.size, HISTORY * EVENT.itemsize)
    fixed = np.concatenate([heads, hs], axis=1)
    short = heads.tobytes() if not header["h_len"].all() else b""
    fixed_bytes, event_bytes = fixed.tobytes(), events.tobytes()
    skip = ((HISTORY - header["n_history"].astype(np.int64)) * EVENT.itemsize).tolist()
    found: list[bytes] = []
    head_size, fixed_size, event_size = HEADER.itemsize, fixed.shape[1], events.shape[1]
    for at, (row, has_h, from_byte) in enumerate(zip(rows.tolist(), header["h_len"].tolist(), skip, strict=True)):
        fronts, size = (fixed_bytes, fixed_size) if has_h else (short, head_size)
        front = fronts[at * size : (at + 1) * size]
        found.append(front + event_bytes[at * event_size + from_byte : (at + 1) * event_size] + batch.shown[row])
    return found
