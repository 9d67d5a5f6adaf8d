"""Many users' lists as one bytes value, so that a batch crosses the border of the JVM once.

Layout, little-endian: version byte 1; number of lists n (u32); n lengths of user ids (u32); n lengths of
payloads (u32); all user ids in UTF-8; all payloads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np

_VERSION = 1
_HEAD_BYTES = 5
_LENGTH = np.dtype("<u4")


def encode_block(users: Sequence[str], payloads: Sequence[bytes]) -> bytes:
    """Packs lists, in their order.

    Args:
        users: User ids; one may come more than once.
        payloads: The list of the user at the same position.

    Raises:
        ValueError: The two have different lengths.

    >>> decode_block(encode_block(["ann", "bob"], [b"{}", b"[]"]))
    ([b'ann', b'bob'], [b'{}', b'[]'])
    """
    if len(users) != len(payloads):
        raise ValueError(f"{len(users)} users with {len(payloads)} payloads")
    text = "".join(users)
    user_lengths = map(len, users) if text.isascii() else (len(user.encode()) for user in users)
    return b"".join(
        [
            bytes([_VERSION]),
            len(users).to_bytes(4, "little"),
            _pack_lengths(user_lengths, len(users)),
            _pack_lengths(map(len, payloads), len(users)),
            text.encode(),
            *payloads,
        ]
    )


def decode_block(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """User ids in UTF-8 and payloads, as `encode_block` got them.

    Raises:
        ValueError: Another version, or a block that is cut or has bytes left.
    """
    if data[:1] != bytes([_VERSION]):
        raise ValueError(f"list block starts with {data[:1]!r}, not with version {_VERSION}")
    count = int.from_bytes(data[1:_HEAD_BYTES], "little")
    start = _HEAD_BYTES + 2 * count * _LENGTH.itemsize
    if len(data) < start:
        raise ValueError(f"list block of {count} lists is cut after {len(data)} bytes")
    lengths = np.frombuffer(data, _LENGTH, 2 * count, _HEAD_BYTES).tolist()
    bounds = list(accumulate(lengths, initial=start))
    if bounds[-1] != len(data):
        raise ValueError(f"list block has {len(data)} bytes, its lengths add up to {bounds[-1]}")
    pieces = [data[begin:end] for begin, end in pairwise(bounds)]
    return pieces[:count], pieces[count:]


def _pack_lengths(lengths: Iterable[int], count: int) -> bytes:
    return np.fromiter(lengths, _LENGTH, count).tobytes()
