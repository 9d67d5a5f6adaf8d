"""The decision token: what a list was made from, signed, carried by the frontend instead of by our memory.

Layout 3, big-endian: layout u8 (bit 6: of a placement, bit 7: its user is not to be learned from) | positions u8
(bits 5-6: experiment arm, bit 7: popular list) | key id u8 | generation u16 | as_of_ms u48 | seq u32 | encoder u16 |
policy u40 | eligible u16 | exploration u8 (1/1000) | explored u16 (bit per position) | experiment u16 | x[1:] as int8 |
a tag of 3 bytes each (activity_tags.py) | the pair of user and activity in each position, u24 (pair_numbers.py), 0 in
an empty one | keyed BLAKE2b-64 over all of it and the user.
With 10 positions 112 bytes, 150 characters of URL-safe base64 without padding. x[0] is the constant and not stored.
Layout 4, of a list in which a list rule had a say, and layout 5, of one on which an activity has variants: the same,
and before the BLAKE2b what token_tail.py says. With 10 positions 133 and 163 bytes, 178 and 218 characters.
A token of a placement's list has the number of the placement, u8, before the BLAKE2b.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.limits import HOLDOUT, MAX_POSITIONS
from tideline.udfs.core.lists.activity_tags import NO_TAG, TAG_BYTES
from tideline.udfs.core.lists.list_version import ListVersion
from tideline.udfs.core.lists.token_tail import (
    FEASIBLE_BYTES,
    LAYOUT,
    LAYOUTS,
    VARIANT_BYTES,
    read_tail,
    tail_bytes,
    tails,
)
from tideline.udfs.core.pairs.pair_numbers import PAIR_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.lists.ranked_lists import RankedLists
    from tideline.udfs.core.lists.token_keys import TokenKeys

_UNLEARNED, _PLACED = 0x80, 0x40
"""Beside the layout."""
_POPULAR, _POSITIONS, _ARM_SHIFT, _ARMS = 0x80, 0x1F, 5, 0x3
_HEAD = struct.Struct(">BBBHHIIHBIHBHH")
_MAC_BYTES = 8
_URL_SAFE = bytes.maketrans(b"-_+/=", b"+/\0\0\0")
"""Only what we write is read: no other alphabet, and no padding."""
_FIXED_BYTES = _HEAD.size + DIM - 1
_POSITION_BYTES = TAG_BYTES + PAIR_BYTES
_HEAD_DTYPE = np.dtype(
    [
        ("layout", "u1"),
        ("positions", "u1"),
        ("key_id", "u1"),
        ("generation", ">u2"),
        ("as_of_high", ">u2"),
        ("as_of_low", ">u4"),
        ("seq", ">u4"),
        ("encoder", ">u2"),
        ("policy_high", "u1"),
        ("policy_low", ">u4"),
        ("eligible", ">u2"),
        ("exploration", "u1"),
        ("explored", ">u2"),
        ("experiment", ">u2"),
    ]
)


class Token(NamedTuple):
    """A verified token. x is complete, with its constant; of each position there are TAG_BYTES and PAIR_BYTES."""

    key_id: int
    version: ListVersion
    encoder: int
    policy: int
    eligible: int
    exploration: float
    explored: int
    x: bytes
    tags: bytes
    pairs: bytes
    arm: int
    popular: bool
    experiment: int
    feasible: bytes = b""
    acted: int = 0
    """Classes of list rules that had a say, see rule_tables.py."""
    unlearned: bool = False
    """Whether its user, when the list was made, did not agree to be learned from."""
    variants: bytes = b""
    """Of each position the mark and the share of its variant; empty where no entry has variants."""
    placement: int = 0
    """Number of the placement whose list it is, 0 for the default list."""

    @property
    def key(self) -> tuple[int, int, int, int]:
        """What tells its list from all others of its user, as state knows it."""
        return (*self.version, self.placement)

    def tag_at(self, position: int) -> bytes:
        """Return the tag of a position, NO_TAG behind the last."""
        return self.tags[position * TAG_BYTES : (position + 1) * TAG_BYTES] or NO_TAG

    def pair_at(self, position: int) -> int:
        """Return the pair that was scored for a position, as `pack` gives it; 0 for an empty position."""
        return int.from_bytes(self.pairs[position * PAIR_BYTES : (position + 1) * PAIR_BYTES], "big")

    def feasible_at(self, position: int) -> int:
        """Return how many activities could have stood there, given those above: all that were left, or fewer."""
        if not self.feasible:
            return max(self.eligible - position, 0)
        return int.from_bytes(self.feasible[position * FEASIBLE_BYTES : (position + 1) * FEASIBLE_BYTES], "big")

    def variant_at(self, position: int) -> tuple[int, int]:
        """Return the mark of the variant in a position and its share of 256; both 0 where there is none."""
        own = self.variants[position * VARIANT_BYTES : (position + 1) * VARIANT_BYTES]
        return int.from_bytes(own[:2], "big"), int.from_bytes(own[2:], "big")

    def positions(self) -> int:
        """Return how many positions the list had, the empty ones among them."""
        return len(self.tags) // TAG_BYTES


def mint(lists: RankedLists, keys: TokenKeys) -> list[str]:
    """Return one token per list."""
    (users, positions), heads, made_by = lists.order.shape, lists.heads, lists.made_by
    head = np.zeros(users, _HEAD_DTYPE)
    head["layout"] = LAYOUT if heads.unlearned is None else LAYOUT + _UNLEARNED * heads.unlearned
    head["layout"] += np.uint8(_PLACED * bool(heads.placement))
    placed = bytes([heads.placement] if heads.placement else [])
    head["positions"] = positions | heads.arms << _ARM_SHIFT | (_POPULAR if heads.popular else 0)
    head["key_id"] = keys.current
    head["generation"] = made_by.generation
    head["as_of_high"], head["as_of_low"] = heads.as_of_ms >> 32, heads.as_of_ms & 0xFFFFFFFF
    head["seq"], head["encoder"] = heads.seq, made_by.encoder
    head["policy_high"], head["policy_low"] = made_by.policy >> 32, made_by.policy & 0xFFFFFFFF
    head["eligible"], head["explored"] = np.minimum(lists.eligible, 0xFFFF), lists.explored
    head["exploration"] = made_by.exploration_permille
    head["experiment"] = made_by.experiment
    parts = [head.view(np.uint8).reshape(users, -1), lists.x[:, 1:].view(np.uint8), *_positions(lists)]
    body = np.concatenate(parts, axis=1)
    owners = [""] * users if heads.popular else heads.users
    tailed = tails(lists)
    if tailed is None:
        return _signed(body, placed, owners, keys)
    layouts, more = tailed
    body[:, 0] += (layouts - LAYOUT).astype(np.uint8)
    found: dict[int, str] = {}
    for layout in np.unique(layouts).tolist():
        rows = np.flatnonzero(layouts == layout)
        whole = np.concatenate([body[rows], more[rows, : tail_bytes(layout, positions)]], axis=1)
        found |= zip(rows.tolist(), _signed(whole, placed, [owners[at] for at in rows.tolist()], keys), strict=True)
    return [found[at] for at in range(users)]


def _signed(body: NDArray[np.uint8], placed: bytes, owners: Sequence[str], keys: TokenKeys) -> list[str]:
    """Return the tokens with these bytes [U, size], and `placed` behind each."""
    if placed:
        body = np.concatenate([body, np.full((len(body), 1), placed[0], np.uint8)], axis=1)
    users, size = body.shape
    data = body.tobytes()
    fill = b"\0" * (-(size + _MAC_BYTES) % 3)  # so that a batch is encoded at once
    # Copied once it has its key: 0.5 us a token, made anew each time 0.9.
    keyed = _keyed(keys.secrets[keys.current]).copy
    signed: list[bytes] = []
    for start, user in zip(range(0, users * size, size), owners, strict=True):
        part, mac = data[start : start + size], keyed()
        mac.update(part + user.encode())
        signed += (part, mac.digest(), fill)
    text = base64.urlsafe_b64encode(b"".join(signed)).decode()
    width = (size + _MAC_BYTES + len(fill)) // 3 * 4
    return [text[at : at + width - len(fill)] for at in range(0, users * width, width)]


def _positions(lists: RankedLists) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return tags and pairs of each list's positions [U, bytes], of empty ones 0."""
    users, positions = lists.order.shape
    tags = lists.tags.take(lists.order, axis=0, mode="wrap")
    pairs = lists.pairs.astype(">u4").view(np.uint8).reshape(users, positions, -1)[:, :, -PAIR_BYTES:]
    empty = lists.order < 0
    if empty.any():
        tags[empty] = 0
        pairs = np.where(empty[:, :, None], np.uint8(0), pairs)
    return tags.reshape(users, -1), pairs.reshape(users, -1)


def verify(token: str, user: str, keys: TokenKeys) -> Token:
    """Return the token's content.

    Raises InvalidRecord: BAD_TOKEN where it cannot be read, FOREIGN_TOKEN where the signature is not ours for this
    user.
    """
    data, size = _opened(token)
    secret = keys.secrets.get(data[2])
    user = "" if data[1] & _POPULAR else user
    if secret is None or not hmac.compare_digest(_mac(secret, data[:size], user), data[size : size + _MAC_BYTES]):
        raise InvalidRecord(Reason.FOREIGN_TOKEN, f"key id {data[2]}: the signature does not fit this user")
    return _content(data[:size])


def read_unverified(token: str) -> Token:
    """Return the content of a token that is trusted for where it comes from, whoever signed it.

    Raises InvalidRecord: BAD_TOKEN where it cannot be read.
    """
    data, size = _opened(token)
    return _content(data[:size])


def _opened(token: str) -> tuple[bytes, int]:
    """Return the bytes of a token, and how many of them are signed."""
    try:
        whole = token + "A" * (-len(token) % 4)
        data = binascii.a2b_base64(whole.encode("ascii").translate(_URL_SAFE), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRecord(Reason.BAD_TOKEN, f"no URL-safe base64: {error}") from error
    if len(data) < _FIXED_BYTES or _layout(data) not in LAYOUTS:
        allowed = f"layouts {LAYOUTS[0]} to {LAYOUTS[-1]}"
        raise InvalidRecord(Reason.BAD_TOKEN, f"{len(data)} bytes, first {data[:1].hex()}; allowed: {allowed}")
    positions = data[1] & _POSITIONS
    size = _FIXED_BYTES + _POSITION_BYTES * positions + tail_bytes(_layout(data), positions) + (data[0] & _PLACED > 0)
    signed = size + _MAC_BYTES
    if positions > MAX_POSITIONS or len(token) != -(-signed * 4 // 3) or any(data[signed:]):
        raise InvalidRecord(Reason.BAD_TOKEN, f"{len(token)} characters do not hold {positions} slots")
    return data, size


def _layout(data: bytes) -> int:
    return data[0] & ~(_UNLEARNED | _PLACED)


def _content(body: bytes) -> Token:
    positions, arm, popular = body[1] & _POSITIONS, body[1] >> _ARM_SHIFT & _ARMS, bool(body[1] & _POPULAR)
    _, _, key_id, generation, high, low, seq, encoder, newer, older, *rest = _HEAD.unpack_from(body)
    eligible, exploration, explored, experiment = rest
    x = bytes([CONSTANT_X]) + body[_HEAD.size : _FIXED_BYTES]
    share = exploration / 1000
    end = _FIXED_BYTES + TAG_BYTES * positions
    ends = end + PAIR_BYTES * positions
    tags, pairs = body[_FIXED_BYTES:end], body[end:ends]
    placement = body[-1] if body[0] & _PLACED else 0
    feasible, acted, variants = read_tail(body[ends : -1 if placement else None], positions)
    made = key_id, ListVersion(generation, high << 32 | low, seq), encoder, newer << 32 | older
    of, unlearned = (arm, popular, experiment), bool(body[0] & _UNLEARNED)
    token = Token(*made, eligible, share, explored, x, tags, pairs, *of, feasible, acted, unlearned, variants)
    return token._replace(placement=placement) if placement else token


def check_position(token: Token, tag: bytes, position: int | None) -> int:
    """Return the position at which the activity with a tag stands; one that is given must be that.

    Raises InvalidRecord (FOREIGN_TOKEN): the list did not hold the activity there.
    """
    if position is None:
        position = next((each for each in range(token.positions()) if token.tag_at(each) == tag), None)
    if position is None or tag == NO_TAG or token.tag_at(position) != tag:
        raise InvalidRecord(
            Reason.FOREIGN_TOKEN, f"the list of this token has not that activity at position {position}"
        )
    return position


def propensity(token: Token, position: int) -> float:
    """Return the probability with which this activity was put in its position, given the positions before it.

    Each position takes the best of the R remaining activities with probability 1 - e, else one of the R at random; the
    holdout's are all random. Those remain that are eligible, not above, and that the list's rules allow there.
    """
    remaining = max(token.feasible_at(position), 1)
    if token.arm == HOLDOUT:
        return 1.0 / remaining
    random_share = token.exploration / remaining
    return random_share if token.explored >> position & 1 else 1.0 - token.exploration + random_share


def _mac(secret: bytes, body: bytes, user: str) -> bytes:
    mac = _keyed(secret).copy()
    mac.update(body + user.encode())
    return mac.digest()


@lru_cache(maxsize=256)
def _keyed(secret: bytes) -> hashlib.blake2b:
    """Return the hash with its key and nothing else in it."""
    return hashlib.blake2b(key=secret[:64], digest_size=_MAC_BYTES)
