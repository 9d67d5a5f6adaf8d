"""What is kept of a user, and its bytes (state version 7, golden file tests/golden/state_v7.bin).

Layout, little-endian: header | h (h_len float32) | n_history rows of 28 bytes | n_liked categories of 12 bytes, what he
has long liked (long_liked.py) | n_seen numbers of 2 bytes (times_seen.py) | n_profile bytes of what his profile
record says (kept_profile.py) | what he was shown (shown_state.py). In front of it all, up to when its user was erased
(erased_mark.py), if he was.
A batch of users is loaded into arrays at once: at 250 users a batch this costs 1.5 us a user, a loop over users 9 us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.context import DIM
from tideline.udfs.core.profiles.kept_profile import MAX_PROFILE_STATE
from tideline.udfs.core.users.erased_mark import ERASED_MARK, marked, unmarked
from tideline.udfs.core.users.long_liked import FIELDS, MAX_LIKED_BYTES, none_liked
from tideline.udfs.core.users.times_seen import MAX_SEEN_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

STATE_VERSION = 7
HISTORY = 31
"""Events kept: the longest sawtooth window."""
SECONDS_KEPT = 4
"""Seconds whose acts the guard against robots holds."""

HEADER = np.dtype(
    [
        ("version", "u1"),
        ("n_history", "u1"),
        ("h_len", "u1"),
        ("n_liked", "u1"),
        ("n_seen", "u1"),
        ("n_profile", "u1"),
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

LIKED_BYTES = 4 * FIELDS
"""Of a category that a user likes."""
SEEN_BYTES = 2
"""Of a number that says what he has seen."""
MAX_BYTES = (
    HEADER.itemsize + HISTORY * EVENT.itemsize + MAX_LIKED_BYTES + SEEN_BYTES * MAX_SEEN_NUMBERS + MAX_PROFILE_STATE
)
"""Of a state, but for h and what was shown."""
WHOLE_EVENT = np.dtype(f"V{EVENT.itemsize}")
"""An EVENT as plain bytes: numpy moves a structured row field by field."""

MAX_PRICE = 65_000.0
"""Largest price of an EVENT: float16 ends at 65504."""
MAX_QUANTITY = 255
"""Largest quantity of an EVENT."""


@dataclass(slots=True)
class UserBatch:
    """U users as arrays: header [U], h [U, H], history [U, 31] right-aligned by time; the others as bytes.

    liked [U, KEPT, FIELDS]: see long_liked.py; `accepted - n_history` events are folded into it. erased_ms [U]: up to
    when each was erased, 0 for never.
    """

    header: NDArray[Any]
    h: NDArray[np.float32]
    history: NDArray[Any]
    liked: NDArray[np.uint32]
    seen: list[bytes]
    profiles: list[bytes]
    shown: list[bytes]
    erased_ms: NDArray[np.int64]


def decode_states(states: Sequence[bytes | None], hidden: int) -> UserBatch:
    """Return the users of `states` (None: never seen) for an encoder with `hidden` numbers in h.

    An h of another length reads as none: its `encoder` becomes 0, so that it is rebuilt.

    Raises:
        ValueError: a state of a version this code does not know.
    """
    users = len(states)
    batch = UserBatch(
        np.zeros(users, HEADER),
        np.zeros((users, hidden), np.float32),
        np.zeros((users, HISTORY), EVENT),
        none_liked(users),
        [b""] * users,
        [b""] * users,
        [b""] * users,
        np.zeros(users, np.int64),
    )
    batch.header["version"] = STATE_VERSION
    known = [at for at, state in enumerate(states) if state is not None]
    those = [state for state in states if state is not None]
    for place in [at for at, state in enumerate(those) if state[0] == ERASED_MARK]:  # hardly any
        batch.erased_ms[known[place]], those[place] = unmarked(those[place])
    if not all(those):
        known, those = [at for at, state in zip(known, those, strict=True) if state], list(filter(None, those))
    if known:
        _fill(batch, np.array(known), those, hidden)
    return batch


def clear(batch: UserBatch, row: int, erased_ms: int) -> None:
    """Forget all that is known of a user but up to when he was erased."""
    batch.header[row] = np.zeros((), HEADER)
    batch.header["version"][row] = STATE_VERSION
    batch.h[row], batch.liked[row] = 0, 0
    batch.history[row] = np.zeros((), EVENT)
    batch.seen[row] = batch.profiles[row] = batch.shown[row] = b""
    batch.erased_ms[row] = erased_ms


def _fill(batch: UserBatch, rows: NDArray[np.int64], states: list[bytes], hidden: int) -> None:
    header = np.frombuffer(b"".join([state[: HEADER.itemsize] for state in states]), HEADER)
    unknown = set(header["version"].tolist()) - {STATE_VERSION}
    if unknown:
        raise ValueError(f"user state of version {sorted(unknown)}; this build reads version {STATE_VERSION}")
    batch.header[rows] = header

    counts = (header[name].astype(np.int64) for name in ("h_len", "n_history", "n_liked", "n_seen", "n_profile"))
    h_len, held, liked, seen, profile = counts
    at_history = HEADER.itemsize + 4 * h_len
    at_liked = at_history + EVENT.itemsize * held
    at_seen = at_liked + LIKED_BYTES * liked
    at_profile = at_seen + SEEN_BYTES * seen
    fits = h_len == hidden
    hs = _between(states, np.full(rows.size, HEADER.itemsize), np.where(fits, at_history, HEADER.itemsize))
    batch.h[rows[fits]] = np.frombuffer(hs, np.float32).reshape(np.count_nonzero(fits), hidden)
    batch.header["encoder"][rows[~fits]] = 0

    owner, place = _places(held)
    events = np.frombuffer(_between(states, at_history, at_liked), WHOLE_EVENT)
    batch.history.view(WHOLE_EVENT)[rows[owner], HISTORY - held[owner] + place] = events
    if liked.any():
        owner, place = _places(liked)
        entries = np.frombuffer(_between(states, at_liked, at_seen), np.uint32)
        batch.liked[rows[owner], place] = entries.reshape(-1, FIELDS)
    for row, state, start, end in zip(rows.tolist(), states, at_seen.tolist(), at_profile.tolist(), strict=True):
        batch.seen[row], batch.shown[row] = state[start:end], state[end:]
    with_profile = np.flatnonzero(profile)
    for row, size in zip(rows[with_profile].tolist(), profile[with_profile].tolist(), strict=True):
        batch.profiles[row], batch.shown[row] = batch.shown[row][:size], batch.shown[row][size:]


def _between(states: list[bytes], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> bytes:
    """Return a part of each state, one behind the other: a slice each is a fifth of the cost of an index of bytes."""
    bounds = zip(states, starts.tolist(), ends.tolist(), strict=True)
    return b"".join([state[start:end] for state, start, end in bounds])


def _places(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return of which user each of the rows is that stand one behind the other, and its place among his."""
    owner = np.repeat(np.arange(counts.size), counts)
    return owner, np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)


def encode_states(batch: UserBatch) -> list[bytes]:
    """Return the state bytes of a batch."""
    users, header, hidden = batch.header.size, batch.header.copy(), batch.h.shape[1]
    liked = _liked_bytes(batch)
    header["version"] = STATE_VERSION
    header["n_liked"] = [len(each) // LIKED_BYTES for each in liked]
    header["n_seen"] = [len(each) // SEEN_BYTES for each in batch.seen]
    told = any(batch.profiles)
    header["n_profile"] = [len(each) for each in batch.profiles] if told else 0
    header["h_len"] = np.where(header["encoder"] != 0, hidden, 0)
    heads = header.view(np.uint8).reshape(users, HEADER.itemsize)
    hs = batch.h.view(np.uint8).reshape(users, 4 * hidden)
    fronts = np.concatenate([heads, hs], axis=1)
    front_size = (HEADER.itemsize + 4 * header["h_len"].astype(np.int64)).tolist()
    skipped = (EVENT.itemsize * (HISTORY - header["n_history"].astype(np.int64))).tolist()
    parts = [
        _starts(fronts.tobytes(), fronts.shape[1], front_size),
        _ends(batch.history.tobytes(), HISTORY * EVENT.itemsize, skipped),
        liked,
        batch.seen,
        *([batch.profiles] if told else []),
        batch.shown,
    ]
    found = [b"".join(each) for each in zip(*parts, strict=True)]
    for row in np.flatnonzero(batch.erased_ms).tolist():
        nothing = not any(found[row][1:])
        found[row] = marked(int(batch.erased_ms[row]), b"" if nothing else found[row])
    return found


def _liked_bytes(batch: UserBatch) -> list[bytes]:
    """Return what each user has long liked. Who has no event but those of his history is not looked at: most."""
    found = [b""] * batch.header.size
    rows = np.flatnonzero(batch.header["accepted"] > batch.header["n_history"])
    liked = batch.liked[rows]
    lengths = (LIKED_BYTES * np.count_nonzero(liked[:, :, 0], axis=1)).tolist()
    for row, part in zip(rows.tolist(), _starts(liked.tobytes(), MAX_LIKED_BYTES, lengths), strict=True):
        found[row] = part
    return found


def _starts(data: bytes, size: int, lengths: list[int]) -> list[bytes]:
    """Return the first bytes of each row of a size."""
    return [data[at * size : at * size + length] for at, length in enumerate(lengths)]


def _ends(data: bytes, size: int, skipped: list[int]) -> list[bytes]:
    """Return all but the first bytes of each row of a size."""
    return [data[at * size + skip : (at + 1) * size] for at, skip in enumerate(skipped)]
