"""How far a shard has come with telling its users of activities that opened; kept in its state.

State bytes, version 1: version (1), then three moments in milliseconds (8 each, little-endian, signed).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.users.state_check import OF_THIS_BUILD

ROLL_VERSION = 1
_LAYOUT = struct.Struct("<Bqqq")


class Roll(NamedTuple):
    """The newest opening looked at, the one of which users were last begun to be told, the one they all know of."""

    seen_ms: int = 0
    begun_ms: int = 0
    done_ms: int = 0

    @property
    def running(self) -> bool:
        """Whether some users are still to be told."""
        return self.begun_ms != self.done_ms

    def ended(self) -> Roll:
        """Return the roll with all users told."""
        return self._replace(done_ms=self.begun_ms)


def looked(roll: Roll | None, opened_ms: int, heard_ms: int) -> Roll:
    """Return where a shard is once it knows that an activity opened.

    `opened_ms` is the newest opening by the time of the shard's events, `heard_ms` by that of the broker. A shard that
    never looked begins with the latter: of what opened before its first events it has made no list without.

    >>> looked(None, 5, 7)
    Roll(seen_ms=7, begun_ms=0, done_ms=0)
    >>> looked(Roll(7, 0, 0), 9, 9)
    Roll(seen_ms=9, begun_ms=9, done_ms=0)
    """
    if roll is None:
        return Roll(seen_ms=heard_ms)
    if opened_ms <= roll.seen_ms:
        return roll
    return Roll(opened_ms, opened_ms, roll.done_ms)


def encode_roll(roll: Roll) -> bytes:
    """Return the state bytes."""
    return _LAYOUT.pack(ROLL_VERSION, *roll)


def decode_roll(payload: bytes) -> Roll:
    """Return what `encode_roll` made bytes of.

    Raises:
        ConfigError: They are of another version.
    """
    if len(payload) != _LAYOUT.size or payload[0] != ROLL_VERSION:
        allowed = f"version {ROLL_VERSION}, {OF_THIS_BUILD}"
        raise ConfigError("state", f"openings of version {payload[:1].hex()}", allowed)
    return Roll(*_LAYOUT.unpack(payload)[1:])
