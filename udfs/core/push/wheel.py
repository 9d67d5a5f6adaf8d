"""A wheel of buckets instead of a timer for each user: each due user once, whoever was moved meanwhile.

A bucket of five minutes is bytes of user ids, appended once a batch. The user's own state says in which bucket he is
due; an entry counts only where both agree, so to move a user is to append him elsewhere, never to delete. A bucket that
has fired takes nobody any more: who is due in it is due at once.
An entry is its length (u1, or 255 and u2) and the id in UTF-8, so nobody is another by a collision of hashes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_LONG = 255
_LENGTH = struct.Struct("<H")


class Due(NamedTuple):
    """A user and the bucket that he was due in; they sort by bucket."""

    bucket: int
    user_id: str


class Moves(NamedTuple):
    """What becomes of users that are due elsewhere now: what is appended, by bucket, and who is due at once."""

    appended: dict[int, bytes]
    at_once: list[Due]


def entries(user_ids: Iterable[str]) -> bytes:
    """Return what a bucket holds of some users."""
    found = bytearray()
    for user_id in user_ids:
        data = user_id.encode()
        found += bytes([len(data)]) if len(data) < _LONG else bytes([_LONG]) + _LENGTH.pack(len(data))
        found += data
    return bytes(found)


def users_in(bucket: bytes) -> list[str]:
    """Return the users of a bucket in the order they came, as often as they did."""
    found, at = [], 0
    while at < len(bucket):
        size = bucket[at]
        at += 1
        if size == _LONG:
            (size,) = _LENGTH.unpack_from(bucket, at)
            at += _LENGTH.size
        found.append(bucket[at : at + size].decode())
        at += size
    return found


def moved(due: Mapping[str, int], fired: int) -> Moves:
    """Return where users have to be put whose bucket is another one now (0: none), all up to `fired` being over."""
    by_bucket: dict[int, list[str]] = {}
    for user_id, bucket in due.items():
        if bucket:
            by_bucket.setdefault(bucket, []).append(user_id)
    at_once = [Due(bucket, each) for bucket, users in by_bucket.items() if bucket <= fired for each in users]
    appended = {bucket: entries(users) for bucket, users in by_bucket.items() if bucket > fired}
    return Moves(appended, sorted(at_once))


def fire(bucket: int, held: bytes, due_of: Callable[[str], int]) -> list[Due]:
    """Return who of a bucket is due in it by his own state, each once, in the order of ids."""
    return [Due(bucket, user_id) for user_id in sorted(set(users_in(held))) if due_of(user_id) == bucket]


def in_turn(due: Iterable[Due], expires_ms: Mapping[Due, int]) -> list[Due]:
    """Return who is to be told now, soonest expired first; who is expired (0) is not told any more."""
    living = [each for each in due if expires_ms[each]]
    return sorted(living, key=lambda each: (expires_ms[each], each))
