"""The decision token: what a list was made from, signed, carried by the frontend instead of by our memory.

Layout 1, big-endian: layout u8 | slots u8 (bits 5-6: experiment arm, bit 7: popular list) | key id u8 |
generation u16 | as_of_ms u48 | seq u32 | encoder u16 | policy u32 | eligible u16 | exploration u8 (1/1000) |
explored u16 (bit per slot) | x[1:] as int8 | slot tags u16 each (low half of hash32 of the activity) | keyed BLAKE2b-64
over all of it and the user.
With 10 slots 69 bytes, 92 characters of URL-safe base64. x[0] is the constant and not stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from udfs.core.errors import InvalidEvent, Reason
from udfs.core.experiment import HOLDOUT
from udfs.core.user_state import DIM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

LAYOUT = 1
CONSTANT_X = 90
"""x[0] of every context: 127 / sqrt(2), rounded."""
MAX_SLOTS = 16
_POPULAR, _SLOTS, _ARM_SHIFT, _ARMS = 0x80, 0x1F, 5, 0x3
_HEAD = struct.Struct(">BBBHHIIHIHBH")
_MAC_BYTES = 8
_FIXED_BYTES = _HEAD.size + DIM - 1
_HEAD_DTYPE = np.dtype(
    [
        ("layout", "u1"),
        ("slots", "u1"),
        ("key_id", "u1"),
        ("generation", ">u2"),
        ("as_of_high", ">u2"),
        ("as_of_low", ">u4"),
        ("seq", ">u4"),
        ("encoder", ">u2"),
        ("policy", ">u4"),
        ("eligible", ">u2"),
        ("exploration", "u1"),
        ("explored", ">u2"),
    ]
)


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Signing secrets by key id (0..255, each at least 32 bytes) and the one that new tokens use."""

    secrets: Mapping[int, bytes]
    current: int


@dataclass(frozen=True, slots=True)
class Minting:
    """What the tokens of a batch of U lists are made from; `order` [U, k] holds activity numbers, -1 for none."""

    users: Sequence[str]
    generation: int
    as_of_ms: NDArray[np.int64]
    seq: NDArray[np.int64]
    encoder: int
    policy: int
    eligible: NDArray[np.int64]
    exploration_permille: int
    explored: NDArray[np.int64]
    x: NDArray[np.int8]
    order: NDArray[np.int64]
    tags: NDArray[np.uint16]
    arms: NDArray[np.int64]
    """Experiment arm of each user, see experiment.py."""
    popular: bool = False


class Token(NamedTuple):
    """A verified token. `tags` are the slots' u16 tags in order; x is complete, with its constant."""

    generation: int
    as_of_ms: int
    seq: int
    encoder: int
    policy: int
    eligible: int
    exploration: float
    explored: int
    x: bytes
    tags: tuple[int, ...]
    arm: int
    popular: bool


def mint(lists: Minting, keys: TokenKeys) -> list[str]:
    """Return one token per list."""
    users, slots = lists.order.shape
    head = np.zeros(users, _HEAD_DTYPE)
    head["layout"] = LAYOUT
    head["slots"] = slots | lists.arms << _ARM_SHIFT | (_POPULAR if lists.popular else 0)
    head["key_id"] = keys.current
    head["generation"] = lists.generation
    head["as_of_high"], head["as_of_low"] = lists.as_of_ms >> 32, lists.as_of_ms & 0xFFFFFFFF
    head["seq"], head["encoder"], head["policy"] = lists.seq, lists.encoder, lists.policy
    head["eligible"], head["explored"] = np.minimum(lists.eligible, 0xFFFF), lists.explored
    head["exploration"] = lists.exploration_permille
    tags = np.where(lists.order >= 0, lists.tags[lists.order], 0).astype(">u2")
    body = np.concatenate(
        [head.view(np.uint8).reshape(users, -1), lists.x[:, 1:].view(np.uint8), tags.view(np.uint8).reshape(users, -1)],
        axis=1,
    ).tobytes()
    size = _FIXED_BYTES + 2 * slots
    pad = _padding(size)
    secret = keys.secrets[keys.current]
    signed: list[bytes] = []
    for at, user in enumerate(lists.users):
        part = body[at * size : (at + 1) * size]
        signed += (part, _mac(secret, part, "" if lists.popular else user), b"\0" * pad)
    text = base64.urlsafe_b64encode(b"".join(signed)).decode()
    width = (size + _MAC_BYTES + pad) // 3 * 4
    return [text[at * width : (at + 1) * width] for at in range(users)]


def verify(token: str, user: str, keys: TokenKeys) -> Token:
    """Return the token's content.

    Raises InvalidEvent: BAD_TOKEN where it cannot be read, FOREIGN_TOKEN where the signature is not ours for this user.
    """
    try:
        data = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidEvent(Reason.BAD_TOKEN, f"no URL-safe base64: {error}") from error
    if base64.urlsafe_b64encode(data).decode() != token:
        raise InvalidEvent(Reason.BAD_TOKEN, "another spelling of its bytes than ours")
    if len(data) < _FIXED_BYTES or data[0] != LAYOUT:
        raise InvalidEvent(Reason.BAD_TOKEN, f"{len(data)} bytes, first {data[:1].hex()}; allowed: layout {LAYOUT}")
    slots, arm, popular = data[1] & _SLOTS, data[1] >> _ARM_SHIFT & _ARMS, bool(data[1] & _POPULAR)
    size = _FIXED_BYTES + 2 * slots
    signed = size + _MAC_BYTES
    if slots > MAX_SLOTS or len(data) != signed + _padding(size) or any(data[signed:]):
        raise InvalidEvent(Reason.BAD_TOKEN, f"{len(data)} bytes do not hold {slots} slots")
    secret = keys.secrets.get(data[2])
    body = data[:size]
    if secret is None or not hmac.compare_digest(_mac(secret, body, "" if popular else user), data[size:signed]):
        raise InvalidEvent(Reason.FOREIGN_TOKEN, f"key id {data[2]}: the signature does not fit this user")
    _, _, _, generation, high, low, seq, encoder, policy, eligible, exploration, explored = _HEAD.unpack_from(body)
    x = bytes([CONSTANT_X]) + body[_HEAD.size : _FIXED_BYTES]
    tags = struct.unpack_from(f">{slots}H", body, _FIXED_BYTES)
    as_of_ms, share = high << 32 | low, exploration / 1000
    return Token(generation, as_of_ms, seq, encoder, policy, eligible, share, explored, x, tags, arm, popular)


def check_slot(token: Token, activity_hash: int, position: int | None) -> int:
    """Return the slot the activity stands in; a `position` given must be that slot.

    Raises InvalidEvent (FOREIGN_TOKEN): the list did not hold the activity there.
    """
    tag = activity_hash & 0xFFFF
    if position is None and tag in token.tags:
        return token.tags.index(tag)
    if position is None or position >= len(token.tags) or token.tags[position] != tag:
        raise InvalidEvent(Reason.FOREIGN_TOKEN, f"the list of this token has not that activity at position {position}")
    return position


def propensity(token: Token, slot: int) -> float:
    """Return the probability with which this activity was put in its slot, given the slots before it.

    Each slot takes the best of the R remaining activities with probability 1 - e, else one of the R at random; the
    holdout's are all random.
    """
    remaining = max(token.eligible - slot, 1)
    if token.arm == HOLDOUT:
        return 1.0 / remaining
    random_share = token.exploration / remaining
    return random_share if token.explored >> slot & 1 else 1.0 - token.exploration + random_share


def _padding(size: int) -> int:
    return -(size + _MAC_BYTES) % 3  # base64 then needs no '=' and a batch is encoded at once


def _mac(secret: bytes, body: bytes, user: str) -> bytes:
    return hashlib.blake2b(body + user.encode(), key=secret[:64], digest_size=_MAC_BYTES).digest()
