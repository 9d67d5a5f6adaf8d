"""Parts in front of states, of any version that this build reads, and what became of former ones.

Version 1 (golden file tests/golden/push_part_v1.bin), little-endian: mark u1 | points n u1 | bytes of the user u2 |
those: version u1, due u4, day u2, number u1, unsubscribed u4, codes of seven days u1, for each push its activity u4,
day u2, number u1, failed u1 | n points of 24 bytes: minute u4, x 16 bytes, recent, chance, sent and a code, u1 each.
Its contexts are read as coarse ones and its activities by the low bits of their numbers.
"""

from __future__ import annotations

import struct

from tideline.udfs.core.context import DIM
from tideline.udfs.core.push.push_user import WEEK_DAYS, Push, PushUser, tag_of_number
from tideline.udfs.core.pushing.part.coarse import packed_x, unpacked_x
from tideline.udfs.core.pushing.part.push_part import (
    MOST_RECENT,
    PUSH_MARK,
    PUSH_PART_VERSION,
    KeptPoint,
    PushPart,
    encode_part,
    part_size,
)
from tideline.udfs.core.users.state_check import check_version, is_malformed

_FORMER_MARK = 0xE2
_MARKS = bytes([_FORMER_MARK]), bytes([PUSH_MARK])
_HEAD, _USER, _PUSH = struct.Struct("<BBH"), struct.Struct(f"<BIHBI{WEEK_DAYS}s"), struct.Struct("<IHBB")
_POINT = struct.Struct(f"<I{DIM}sBBBB")
_ALSO = 128


def parted(state: bytes) -> tuple[bytes, bytes]:
    """Return what is kept for pushes, as this version has it, nothing where there is none; and the state behind it.

    >>> from tideline.udfs.core.push.push_user import NOBODY
    >>> parted(encode_part(PushPart(NOBODY._replace(due=7))) + b"state")[1]
    b'state'
    """
    if state[:1] not in _MARKS:
        return b"", state
    end = _size(state)
    part = state[:end]
    return (part if state[0] == PUSH_MARK else encode_part(_former(part))), state[end:]


def is_broken(state: bytes) -> bool:
    """Return whether a state, or what stands in front of it, is not as long as it says.

    Raises:
        ConfigError: some of it is of another version, as all others will be.
    """
    if state[:1] > _MARKS[-1]:
        check_version("pushes in user state", state[0] - _FORMER_MARK + 1, PUSH_PART_VERSION)
    if state[:1] not in _MARKS:
        return is_malformed(state)
    end = _size(state)
    if len(state) < end or (state[0] == _FORMER_MARK and (end - _HEAD.size - _USER.size) % _PUSH.size):
        return True
    return len(state) > end and is_malformed(state[end:])


def _size(state: bytes) -> int:
    if state[0] == PUSH_MARK:
        return part_size(state)
    if len(state) < _HEAD.size:
        return _HEAD.size
    _, points, size = _HEAD.unpack_from(state)
    whole: int = _HEAD.size + max(size, _USER.size) + points * _POINT.size
    return whole


def _former(data: bytes) -> PushPart:
    _, _, size = _HEAD.unpack_from(data)
    end = _HEAD.size + size
    _, due, day, number, unsubscribed_s, codes = _USER.unpack_from(data, _HEAD.size)
    pushes = [
        Push(of, nth, tag_of_number(activity), bool(flags & _ALSO), flags & ~_ALSO)
        for activity, of, nth, flags in _PUSH.iter_unpack(data[_HEAD.size + _USER.size : end])
    ]
    points = [
        KeptPoint(minute, unpacked_x(packed_x(x)), min(recent, MOST_RECENT), chance, sent)
        for minute, x, recent, chance, sent, _ in _POINT.iter_unpack(data[end:])
    ]
    return PushPart(PushUser(due, day, number, unsubscribed_s, codes, tuple(sorted(pushes))), tuple(points))
