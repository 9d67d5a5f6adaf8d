"""One activity that was shown to a user, as it is kept in his state and changed by what comes of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from udfs.core.user_state import SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEN, CLICKED, CONVERTED, DISMISSED = 1, 2, 4, 8
"""Flags: an impression event came; a click; a conversion; a dismissal."""
ASSUMED, BOUGHT, REPORTED = 0, 1, 2
"""Where the worth of a conversion is from: the activity, a purchase, a report's value."""
_SOURCE_SHIFT, _SOURCE_BITS = 4, 0b11 << 4

# The layout of SHOWN: a numpy record costs 0.3 us at each access to a field, which made attribution the dearest step.
_ROW = struct.Struct("<qqqIIiHHBB16s")
if _ROW.size != SHOWN.itemsize:
    raise AssertionError("the layouts of a shown row differ")


@dataclass(slots=True)
class ShownRow:
    """Field by field as in SHOWN; bits 4 and 5 of the flags say where a conversion's worth is from."""

    as_of_ms: int
    shown_ms: int
    reward_ms: int
    seq: int
    activity: int
    revenue_cents: int
    generation: int
    encoder: int
    overlooked: int
    flags: int
    x: bytes

    @property
    def key(self) -> tuple[int, int, int, int]:
        """The list and the activity."""
        return self.generation, self.as_of_ms, self.seq, self.activity

    @property
    def worth(self) -> tuple[int, int, int]:
        """What another report of its conversion must exceed to replace it."""
        return worth_of((self.flags & _SOURCE_BITS) >> _SOURCE_SHIFT, self.reward_ms, self.revenue_cents)

    def convert(self, source: int, at_ms: int, cents: int) -> None:
        """Take a report of its conversion for the one that counts."""
        self.flags = (self.flags | CONVERTED) & ~_SOURCE_BITS | source << _SOURCE_SHIFT
        self.reward_ms, self.revenue_cents = at_ms, cents

    def encode(self) -> bytes:
        """Return the row's bytes."""
        return _ROW.pack(
            self.as_of_ms,
            self.shown_ms,
            self.reward_ms,
            self.seq,
            self.activity,
            self.revenue_cents,
            self.generation,
            self.encoder,
            self.overlooked,
            self.flags,
            self.x,
        )


def decode_shown(rows: bytes) -> Iterator[ShownRow]:
    """Yield the rows of a user's state."""
    return (ShownRow(*fields) for fields in _ROW.iter_unpack(rows))


def worth_of(source: int, at_ms: int, cents: int) -> tuple[int, int, int]:
    """Return the rank of a report: values go by the latest, purchases by the first, equal times by the higher worth."""
    return source, -at_ms if source == BOUGHT else at_ms, cents
