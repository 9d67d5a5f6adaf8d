"""Many users' lists as one bytes value, so that a batch crosses the border of the JVM once.

Layout, little-endian: version byte, 1, or 2 where each id is `placement:user`, nothing before the colon for the
default list, and a user's lists stand one behind the other; number of lists n (u32); n lengths
of user ids (u32); n lengths of payloads (u32); all user ids in UTF-8; all payloads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

_VERSION, _PLACED = 1, 2
_HEAD_BYTES = 5
_NONE: Mapping[str, Sequence[bytes]] = MappingProxyType({})
_LENGTH = np.dtype("<u4")


class Block(NamedTuple):
    """Lists as they are written: whose, each one's payload, and its placement where there are any."""

    users: list[bytes]
    payloads: list[bytes]
    placements: list[bytes]
    """Empty: all are default lists. Else one a list, empty for the default one."""


def encode_block(
    users: Sequence[str], payloads: Sequence[bytes], placed: Mapping[str, Sequence[bytes]] = _NONE
) -> bytes:
    """Packs lists, in their order.

    Args:
        users: User ids; one may come more than once.
        payloads: The list of the user at the same position.
        placed: By name of the placement, without a colon, another list of each user.

    Raises:
        ValueError: They have different lengths.

    >>> decode_block(encode_block(["ann", "bob"], [b"{}", b"[]"]))
    Block(users=[b'ann', b'bob'], payloads=[b'{}', b'[]'], placements=[])
    >>> decode_block(encode_block(["a:b"], [b"{}"], {"cart": [b"[]"]}))
    Block(users=[b'a:b', b'a:b'], payloads=[b'{}', b'[]'], placements=[b'', b'cart'])
    """
    if placed:
        columns = [payloads, *placed.values()]
        users = [f"{name}:{user}" for user in users for name in ("", *placed)]
        payloads = [each for row in zip(*columns, strict=True) for each in row]
    if len(users) != len(payloads):
        raise ValueError(f"{len(users)} users with {len(payloads)} payloads")
    text = "".join(users)
    user_lengths = map(len, users) if text.isascii() else (len(user.encode()) for user in users)
    return b"".join(
        [
            bytes([_PLACED if placed else _VERSION]),
            len(users).to_bytes(4, "little"),
            _pack_lengths(user_lengths, len(users)),
            _pack_lengths(map(len, payloads), len(users)),
            text.encode(),
            *payloads,
        ]
    )


def decode_block(data: bytes) -> Block:
    """User ids in UTF-8, payloads and placements, as `encode_block` got them.

    Raises:
        ValueError: Another version, or a block that is cut or has bytes left.
    """
    if data[:1] not in (bytes([_VERSION]), bytes([_PLACED])):
        raise ValueError(f"list block starts with {data[:1]!r}, not with version {_VERSION} or {_PLACED}")
    count = int.from_bytes(data[1:_HEAD_BYTES], "little")
    start = _HEAD_BYTES + 2 * count * _LENGTH.itemsize
    if len(data) < start:
        raise ValueError(f"list block of {count} lists is cut after {len(data)} bytes")
    lengths = np.frombuffer(data, _LENGTH, 2 * count, _HEAD_BYTES).tolist()
    bounds = list(accumulate(lengths, initial=start))
    if bounds[-1] != len(data):
        raise ValueError(f"list block has {len(data)} bytes, its lengths add up to {bounds[-1]}")
    pieces = [data[begin:end] for begin, end in pairwise(bounds)]
    if data[0] == _VERSION:
        return Block(pieces[:count], pieces[count:], [])
    parts = [each.partition(b":") for each in pieces[:count]]
    return Block([user for _, _, user in parts], pieces[count:], [placement for placement, _, _ in parts])


def _pack_lengths(lengths: Iterable[int], count: int) -> bytes:
    return np.fromiter(lengths, _LENGTH, count).tobytes()
