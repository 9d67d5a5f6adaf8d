"""The bytes of what a user was shown, little-endian, times and worths in 48 bits; nothing for nothing.

nine counts of one byte, in the order of what follows
lists of 22 bytes, by key       (as_of_ms, seq, generation, shown_s, three masks); the highest 6 bits of its time are
                                the number of its placement, 0 for the default list
former lists of 16, by key      those that only rewards still stand in: as a list's bytes begin
contexts of 19                  number of the list, encoder, x: of each list with a reward, by key
rewards of 13, by list, position    number of the list, position, flags, activity, clicked_ms; the highest 6 bits of
                                the time are how late its conversion is, as it was fed to the learner
conversions of 19               number of the reward, told_ms, told and counted worth: where it has any; the highest 6
                                bits of the time are how late the first report was
notes of 9                      number of the list, masks, its first click (bit 7: it is not learned from) and weight:
                                where a list needs it
claims of 25, by age            id, ts_ms, ref, worth, number of the reward that holds it with its kind
uses of 12, dismissals of 6     the marks, by activity

Lists are numbered as they stand, the former ones on from the last. shown_lists.py, shown_rewards.py and mark_bytes.py
read them; what no event concerns stays as it is.
"""

from __future__ import annotations

import struct
from functools import cache
from operator import floordiv
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


USE = np.dtype([("activity", "<u4"), ("entry", "<u4"), ("at", "<u4")])
"""`entry`: odd, and tells the places of lists apart; twice the number of impressions of a mark that was merged. `at`:
minutes since the epoch, rounded up, so that no cap ends too soon."""
DISMISSAL = np.dtype([("activity", "<u4"), ("day", "<u2")])

COUNTS = struct.Struct("<9B")
LIST_FORM = struct.Struct("<HIIHIH")
FORMER_FORM = struct.Struct("<HIIHI")
CONTEXT_FORM = struct.Struct("<BH16s")
REWARD_FORM = struct.Struct("<BBBIHI")
CONVERSION_FORM = struct.Struct("<BHIhIhI")
NOTE_FORM = struct.Struct("<BHHHBB")
CLAIM_FORM = struct.Struct("<QHIIhIB")
USE_FORM = struct.Struct("<III")
DISMISSAL_FORM = struct.Struct("<IH")
_FORMS = (
    LIST_FORM,
    FORMER_FORM,
    CONTEXT_FORM,
    REWARD_FORM,
    CONVERSION_FORM,
    NOTE_FORM,
    CLAIM_FORM,
    USE_FORM,
    DISMISSAL_FORM,
)
SIZES = tuple(form.size for form in _FORMS)
KEY_FORM = struct.Struct("<HIIH")
"""How a list and a former one begin."""
LOW = 0xFFFFFFFF
HIGH_BITS = 10
"""Of a time in milliseconds above its lowest 32: enough until the year 2109."""
HIGH = (1 << HIGH_BITS) - 1
NOBODY, SPENT = 127, 126
"""Numbers of a claim's holder where it has none, or one that is forgotten; the highest bit is its kind."""
KIND_SHIFT = 7
NOTED_UNLEARNED = 0x80
"""Beside the first click of a note."""

_LISTS, _FORMERS, _CONTEXTS, _REWARDS, _CONVERSIONS, _NOTES, _CLAIMS, _USES, _DISMISSALS = range(9)


def key_bytes(key: tuple[int, int, int, int]) -> bytes:
    """Return how the bytes of a list begin, by its key."""
    generation, as_of_ms, seq, placement = key
    return KEY_FORM.pack(placement << HIGH_BITS | as_of_ms >> 32, as_of_ms & LOW, seq, generation)


def key_of(high: int, low: int, seq: int, generation: int) -> tuple[int, int, int, int]:
    """Return the key of a list by the numbers that its bytes begin with.

    >>> key_of(*KEY_FORM.unpack(key_bytes((1, 1_700_000_000_000, 7, 63))))
    (1, 1700000000000, 7, 63)
    """
    return generation, (high & HIGH) << 32 | low, seq, high >> HIGH_BITS


def split(data: bytes) -> list[bytes]:
    """Return the nine parts of the bytes of a state, which must fit."""
    parts: list[bytes] = []
    at = COUNTS.size
    for count, size in zip(data[: COUNTS.size], SIZES, strict=True):
        parts.append(data[at : at + count * size] if count else b"")
        at += count * size
    return parts


def joined(parts: Sequence[bytes]) -> bytes:
    """Return the bytes of a state of nine parts."""
    body = b"".join(parts)
    return bytes(map(floordiv, map(len, parts), SIZES)) + body if body else b""


def find_row(part: bytes, size: int, start: bytes) -> int:
    """Return where the row of a size is that starts with some bytes, -1 for none. 0.3 us where a look at each is 10."""
    at = part.find(start)
    while at % size and at > 0:  # in the midst of a row: one in billions
        at = part.find(start, at + 1)
    return at


def renumbered(part: bytes, size: int, numbers: bytes) -> bytes:
    """Return a part whose rows of a size begin with a number, each number n replaced by numbers[n]. 0.5 us."""
    if not part:
        return part
    rows = bytearray(part)
    rows[::size] = rows[::size].translate(numbers)
    return bytes(rows)


@cache
def one_more_at(place: int) -> bytes:
    """Return the new numbers of lists when one is put in at a place."""
    return bytes([min(number + (number >= place), 0xFF) for number in range(256)])


@cache
def first_moved_to(place: int) -> bytes:
    """Return the new numbers of lists when the first gets one of its own and all others come down by one."""
    return bytes([place & 0xFF, *range(255)])


def shown_fits(data: bytes) -> bool:
    """Return whether bytes of a state are as many as they say, and name only what is among them."""
    if len(data) < COUNTS.size:
        return not data
    counts: tuple[int, ...] = COUNTS.unpack_from(data)
    if len(data) != COUNTS.size + sum(count * size for count, size in zip(counts, SIZES, strict=True)):
        return False
    if not counts[_FORMERS] <= counts[_CONTEXTS] <= counts[_REWARDS] < SPENT > counts[_LISTS] >= counts[_NOTES]:
        return False
    starts = _starts(counts)

    def below(part: int, limit: int, at: int = 0, mask: int = 0xFF) -> bool:
        step = SIZES[part]
        numbers = data[starts[part] + at : starts[part] + step * counts[part] : step]
        return all(number & mask < limit or number & mask >= SPENT == mask - 1 for number in numbers)

    pages = counts[_LISTS] + counts[_FORMERS]
    return (
        below(_CONTEXTS, pages)
        and below(_REWARDS, pages)
        and below(_CONVERSIONS, counts[_REWARDS])
        and below(_NOTES, counts[_LISTS])
        and below(_CLAIMS, counts[_REWARDS], CLAIM_FORM.size - 1, NOBODY)
    )


def has_marks(data: bytes) -> bool:
    """Return whether a state has marks."""
    return bool(data) and (data[_USES] > 0 or data[_DISMISSALS] > 0)


def marks_of(data: bytes) -> tuple[bytes, bytes]:
    """Return the marks (dtypes USE and DISMISSAL) at the end of the bytes of a state, without reading the rest."""
    if not has_marks(data):
        return b"", b""
    split_at = len(data) - DISMISSAL_FORM.size * data[_DISMISSALS]
    return data[split_at - USE_FORM.size * data[_USES] : split_at], data[split_at:]


def _starts(counts: Sequence[int]) -> list[int]:
    starts, at = [], COUNTS.size
    for count, size in zip(counts, SIZES, strict=True):
        starts.append(at)
        at += count * size
    return starts
