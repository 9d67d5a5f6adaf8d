"""Where a range of the clickstream begins or ends, as it is written: a moment, a time before now, or offsets."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLOWED = 'ISO 8601, epoch milliseconds, last=24h (s, m, h or d), or offsets as {"partition": offset}'
_LAST = re.compile(r"last=(\d{1,9})([smhd])")
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_MAX_TIME_MS = 2**48 - 1
_MAX_OFFSET = 2**63 - 1
_MAX_DIGITS = 20


@dataclass(frozen=True)
class Bound:
    """One end of a range: exactly one of the three is there.

    Attributes:
        text: As it was written.
        ms: UTC epoch milliseconds, compared with the time the broker took a record.
        ago_ms: So long before now.
        offsets: The offset by partition.
    """

    text: str
    ms: int | None = None
    ago_ms: int | None = None
    offsets: Mapping[int, int] | None = None

    def at_ms(self, now_ms: int) -> int | None:
        """Return the moment, None for offsets."""
        return self.ms if self.ago_ms is None else max(now_ms - self.ago_ms, 0)


def read_bound(text: str) -> Bound:
    """Return what a text says.

    Raises:
        ValueError: it says nothing that is allowed.
    """
    if text.startswith("{"):
        return Bound(text, offsets=_offsets(text))
    if ago := _LAST.fullmatch(text):
        return Bound(text, ago_ms=int(ago[1]) * _UNITS_MS[ago[2]])
    ms = int(text[:_MAX_DIGITS]) if text.isascii() and text.isdigit() else _epoch_ms(text)
    if not 0 <= ms <= _MAX_TIME_MS:
        raise ValueError(text)
    return Bound(text, ms=ms)


def moment(ms: int) -> str:
    """Return a time as it can be given again.

    >>> moment(1763290800123)
    '2025-11-16T11:00:00.123Z'
    """
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _epoch_ms(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except OverflowError as error:  # a year that has no place on this machine's clock
        raise ValueError(text) from error


def _offsets(text: str) -> dict[int, int]:
    try:
        table = json.loads(text)
    except RecursionError as error:
        raise ValueError(text) from error
    whole = all(name.isascii() and name.isdigit() and type(offset) is int for name, offset in table.items())
    found = {int(name): offset for name, offset in table.items()} if whole else {}
    if not found or not all(0 <= offset <= _MAX_OFFSET for offset in found.values()):
        raise ValueError(text)
    return found
