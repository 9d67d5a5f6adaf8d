"""Who was there before messages were, and has said nothing since: gone through once from each start on.

Everybody else is given a time by what he does. One shard of a subtask after the other, so that the names of one are
held; nothing is kept of how far it is: whoever waits already is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_AT_ONCE = 250


class SilentUsers:
    """Of the shards of a subtask."""

    def __init__(self) -> None:
        """Begin with none of them."""
        self._over: set[int] = set()
        self._shard: int | None = None
        self._left: Sequence[str] = ()

    def wants(self, shard: int) -> bool:
        """Return whether any user of a shard is still to be looked at."""
        return shard not in self._over

    def is_at(self, shard: int) -> bool:
        """Return whether it is in the midst of this shard."""
        return self._shard == shard

    def part(self, shard: int, names: Callable[[int], Sequence[str]]) -> Sequence[str]:
        """Return the next users of a shard, none while it is another one's turn; `names` are all of a shard's."""
        if self._shard is None and shard not in self._over:
            self._shard, self._left = shard, names(shard)
        if self._shard != shard:
            return ()
        part, self._left = self._left[:_AT_ONCE], self._left[_AT_ONCE:]
        if not self._left:
            self._over.add(shard)
            self._shard = None
        return part
