"""What is kept of a user for pushes, in front of his state: a byte that no state begins with, and how long it is.

A user of whom nothing is known for pushes has none, so without pushes states are as ever. Layout, little-endian: mark
u1 | points n u1 | bytes of push_user.py u2 | those | n points of 24 bytes: minute u4, x 16 bytes, recent u1, chance u1,
sent u1, code of the value u1 (version 1, golden file tests/golden/push_part_v1.bin).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from tideline.udfs.core.context import DIM
from tideline.udfs.core.push.push_user import (
    NOBODY,
    PUSH_USER_VERSION,
    Push,
    PushUser,
    decode_push_user,
    encode_push_user,
)
from tideline.udfs.core.users.erased_mark import ERASED_MARK, MARK_BYTES
from tideline.udfs.core.users.state_check import check_version, is_malformed

PUSH_MARK = 0xE2
"""First byte of version 1; no version of a state is as high."""
MOST_POINTS = 16
"""Points of the horizon that are kept, the newest."""
_HEAD, _POINT = struct.Struct("<BBH"), struct.Struct(f"<I{DIM}sBBBB")
_USER_BYTES = len(encode_push_user(NOBODY))
_PUSH_BYTES = len(encode_push_user(NOBODY._replace(pushes=(Push(0, 0, 1),)))) - _USER_BYTES


class KeptPoint(NamedTuple):
    """A decision point of which it is still to be learned what comes of it."""

    minute: int
    """Since the epoch, in which it was due."""
    x: bytes
    recent: int
    chance: int
    sent: int
    code: int


class PushPart(NamedTuple):
    """All that is kept of a user for pushes."""

    user: PushUser = NOBODY
    points: tuple[KeptPoint, ...] = ()


NO_PART = PushPart()


def encode_part(part: PushPart) -> bytes:
    """Return the bytes that stand in front of a user's state; none where nothing is known."""
    if part == NO_PART:
        return b""
    user = encode_push_user(part.user)
    points = part.points[-MOST_POINTS:]
    return _HEAD.pack(PUSH_MARK, len(points), len(user)) + user + b"".join(_POINT.pack(*each) for each in points)


def decode_part(data: bytes) -> PushPart:
    """Return what bytes in front of a state say; of none that nothing is known."""
    if not data:
        return NO_PART
    _, _, size = _HEAD.unpack_from(data)
    end = _HEAD.size + size
    points = tuple(map(KeptPoint._make, _POINT.iter_unpack(data[end:])))
    return PushPart(decode_push_user(data[_HEAD.size : end]), points)


def parted(state: bytes) -> tuple[bytes, bytes]:
    """Return what is kept for pushes, nothing where there is none, and the state behind it.

    >>> parted(encode_part(PushPart(NOBODY._replace(due=7))) + b"state")[1]
    b'state'
    """
    if state[:1] != bytes([PUSH_MARK]):
        return b"", state
    _, points, size = _HEAD.unpack_from(state)
    end = _HEAD.size + size + points * _POINT.size
    return state[:end], state[end:]


def is_broken(state: bytes) -> bool:
    """Return whether a state, or what stands in front of it, is not as long as it says.

    Raises:
        ConfigError: some of it is of another version, as all others will be.
    """
    if state[:1] != bytes([PUSH_MARK]):
        return is_malformed(state)
    if len(state) < _HEAD.size:
        return True
    part, rest = parted(state)
    _, points, size = _HEAD.unpack_from(state)
    sent_bytes = size - _USER_BYTES
    if sent_bytes < 0 or sent_bytes % _PUSH_BYTES or len(part) != _HEAD.size + size + points * _POINT.size:
        return True
    check_version("pushes in user state", part[_HEAD.size], PUSH_USER_VERSION)
    return bool(rest) and is_malformed(rest)


def erased_mark(state: bytes) -> bytes:
    """Return the mark of an erasure in front of a state: another one says that its user was erased since."""
    return state[:MARK_BYTES] if state[:1] == bytes([ERASED_MARK]) else b""
