"""What is kept of a user for pushes, in front of his state: a byte that no state begins with, and how long it is.

A user of whom nothing is known for pushes has none, so without pushes states are as ever. Layout: mark u1 | bytes that
follow as an LEB128 | those: bits as `bits.py` has them, in the order of `encode_part` (version 2,
golden file tests/golden/push_part_v2.bin). Days count from the one before, buckets from a day before the next one, and
an activity or a context that stood in front of it already is only referred to. Version 1 is read: `former_part.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.local_time import DAY
from tideline.udfs.core.push.push_user import NOBODY, WEEK_DAYS, PushUser
from tideline.udfs.core.push.send_hours import SLOT
from tideline.udfs.core.pushing.part.bits import BitsReader, BitsWriter
from tideline.udfs.core.pushing.part.coarse import COARSE_BITS, packed_x, unpacked_x
from tideline.udfs.core.pushing.part.sent_bits import read_pushes, write_pushes
from tideline.udfs.core.users.erased_mark import ERASED_MARK, MARK_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

PUSH_PART_VERSION = 2
PUSH_MARK = 0xE3
"""First byte of version 2; no version of a state is as high."""
MOST_POINTS = 16
"""Points of the horizon that are kept, the newest."""
MOST_RECENT = 7
"""Pushes of seven days are told apart up to so many."""
_DAY_BUCKETS = DAY // SLOT
_FIRST_DUE, _NEXT_DUE, _NEXT_CODE = 9, 6, 1
"""Low bits of numbers, by what most users have."""


class KeptPoint(NamedTuple):
    """A decision point of which it is still to be learned what comes of it."""

    minute: int
    """Since the epoch, at which its bucket begins."""
    x: bytes
    """The coarse context."""
    recent: int
    """Messages of seven days before it, MOST_RECENT at most."""
    chance: int
    sent: int


class PushPart(NamedTuple):
    """All that is kept of a user for pushes."""

    user: PushUser = NOBODY
    points: tuple[KeptPoint, ...] = ()


NO_PART = PushPart()


def encode_part(part: PushPart) -> bytes:
    """Return the bytes that stand in front of a user's state; none where nothing is known."""
    if part == NO_PART:
        return b""
    bits, user = BitsWriter(), part.user
    _write_head(bits, user)
    _write_points(bits, part.points[-MOST_POINTS:], _first_next(user))
    _write_codes(bits, user.codes)
    write_pushes(bits, user.pushes, user.day)
    data = bits.data()
    head = [PUSH_MARK, len(data)] if len(data) < 128 else [PUSH_MARK, len(data) & 127 | 128, len(data) >> 7]
    return bytes(head) + data


def decode_part(data: bytes) -> PushPart:
    """Return what bytes in front of a state say, of this version; of none that nothing is known."""
    if not data:
        return NO_PART
    bits = _bits_of(data)
    head = _read_head(bits)
    points, codes = _read_points(bits, _first_next(head)), _read_codes(bits)
    return PushPart(head._replace(codes=codes, pushes=read_pushes(bits, head.day)), points)


def when_due(data: bytes) -> PushUser:
    """Return of a part what decides when its user is due: all but codes and pushes, which take longer to read."""
    return _read_head(_bits_of(data)) if data else NOBODY


def points_of(data: bytes) -> tuple[KeptPoint, ...]:
    """Return the points of a part."""
    if not data:
        return ()
    bits = _bits_of(data)
    return _read_points(bits, _first_next(_read_head(bits)))


def _bits_of(data: bytes) -> BitsReader:
    return BitsReader(data[2 + (data[1] >> 7) :])


def part_size(state: bytes) -> int:
    """Return how many bytes stand in front of a state that begins with PUSH_MARK: by what they say, there or not."""
    if len(state) < 2 or (state[1] > 127 and len(state) < 3):
        return 3
    return 2 + state[1] if state[1] < 128 else 3 + (state[1] & 127 | state[2] << 7)


def erased_mark(state: bytes) -> bytes:
    """Return the mark of an erasure in front of a state: another one says that its user was erased since."""
    return state[:MARK_BYTES] if state[:1] == bytes([ERASED_MARK]) else b""


def _write_head(bits: BitsWriter, user: PushUser) -> None:
    bits.fixed(user.day | (user.due > 0) << 16 | (user.unsubscribed_s > 0) << 17, 18)
    bits.number(user.number)
    if user.due:
        bits.signed(user.due - (user.day + 1) * _DAY_BUCKETS, _FIRST_DUE)
    if user.unsubscribed_s:
        bits.fixed(user.unsubscribed_s, 32)


def _read_head(bits: BitsReader) -> PushUser:
    told = bits.fixed(18)
    day, number = told & 0xFFFF, bits.number()
    due = bits.signed(_FIRST_DUE) + (day + 1) * _DAY_BUCKETS if told >> 16 & 1 else 0
    return PushUser(due, day, number, bits.fixed(32) if told >> 17 else 0)


def _write_codes(bits: BitsWriter, codes: bytes) -> None:
    """Write which days have a code, the first one, and by how much each differs from the one before."""
    bits.fixed(sum((code > 0) << at for at, code in enumerate(codes)), WEEK_DAYS)
    before = 0
    for code in filter(None, codes):
        if before:
            bits.signed(code - before, _NEXT_CODE)
        else:
            bits.fixed(code, 8)
        before = code


def _read_codes(bits: BitsReader) -> bytes:
    there, found, before = bits.fixed(WEEK_DAYS), bytearray(WEEK_DAYS), 0
    for at in range(WEEK_DAYS):
        if there >> at & 1:
            before = found[at] = before + bits.signed(_NEXT_CODE) & 255 if before else bits.fixed(8)
    return bytes(found)


def _write_points(bits: BitsWriter, points: Sequence[KeptPoint], next_: int) -> None:
    bits.number(len(points))
    x = b""
    for each in reversed(points):
        bucket = each.minute // SLOT
        bits.signed(next_ - _DAY_BUCKETS - bucket, _NEXT_DUE)
        bits.fixed(each.sent | each.recent << 1 | each.chance << 4 | (each.x == x) << 12, 13)
        if each.x != x:
            bits.fixed(packed_x(each.x), COARSE_BITS)
        next_, x = bucket, each.x


def _read_points(bits: BitsReader, next_: int) -> tuple[KeptPoint, ...]:
    found: list[KeptPoint] = []
    x = b""
    for _ in range(bits.number()):
        next_ -= _DAY_BUCKETS + bits.signed(_NEXT_DUE)
        told = bits.fixed(13)
        x = x if told >> 12 else unpacked_x(bits.fixed(COARSE_BITS))
        found.append(KeptPoint(next_ * SLOT, x, told >> 1 & MOST_RECENT, told >> 4 & 255, told & 1))
    return tuple(reversed(found))


def _first_next(user: PushUser) -> int:
    """Return the bucket by which the newest point is told: the next one that is due, or where it would be."""
    return user.due or (user.day + 2) * _DAY_BUCKETS
