"""Which shard's state is read and written: a batch has records of several, Flink points at one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ShardKeys:
    """Points Flink at the state and the timers of one shard of the subtask after the other."""

    def __init__(self, point_at: Callable[[int], None]) -> None:
        """`point_at` makes a shard the current key."""
        self._point_at = point_at
        self._current: int | None = None

    def entered(self, shard: int) -> None:
        """Take note of the shard that Flink points at, with each element and timer, and behind a whole batch."""
        self._current = shard

    def at(self, shard: int) -> None:
        """Make a shard the one whose state is meant."""
        if shard != self._current:
            self._point_at(shard)
            self._current = shard
