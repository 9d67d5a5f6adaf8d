"""Which shard's state is read and written: a batch has records of several, Flink points at one."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyflink.datastream.functions import RuntimeContext


class ShardKeys:
    """Points Flink at the state and the timers of one shard of the subtask after the other."""

    def __init__(self, point_at: Callable[[int], None]) -> None:
        """`point_at` makes a shard the current key."""
        self._point_at = point_at
        self._current: int | None = None

    def entered(self, shard: int) -> None:
        """Take note of the shard that Flink points at, with each element and timer that it hands over."""
        self._current = shard

    def at(self, shard: int) -> None:
        """Make a shard the one whose state is meant."""
        if shard != self._current:
            self._point_at(shard)
            self._current = shard


def row_of_one(shard: int) -> bytes:
    """Return a key as Flink's RowSerializer writes it: a byte that says what is missing (nothing), the number."""
    return struct.pack(">Bi", 0, shard)


def shard_keys_of(context: RuntimeContext) -> ShardKeys:
    """Return the keys of an operator. Thread mode only: there its state is that of the JVM."""
    from pemja import findClass  # only there inside a TaskManager

    backend: Any = context.get_keyed_state_backend()
    backend = backend._keyed_state_backend  # noqa: SLF001 - no public way
    # From bytes: a number handed over as such would come out as a Long, and no key that Flink knows.
    read = backend.getKeySerializer().deserialize
    source = findClass("org.apache.flink.core.memory.DataInputDeserializer")
    keys: dict[int, Any] = {}

    def point_at(shard: int) -> None:
        if shard not in keys:
            keys[shard] = read(source(row_of_one(shard)))
        backend.setCurrentKey(keys[shard])

    return ShardKeys(point_at)
