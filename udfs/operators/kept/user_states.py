"""What is kept of each user of a shard, each apart, so that a checkpoint holds nobody up.

In a map state a shard's users would be one value of Flink's heap. While a checkpoint is written no value may change, so
the first batch after it would wait for a copy of all users of the shard, and the collector would move what it takes. So
each user is a value of its own: its namespace is his id. Who there is stands in a map beside it, of names alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.pushing.part.former_part import is_broken
from tideline.udfs.operators.kept.state_cache import StateCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tideline.udfs.operators.kept.flink_users import FlinkUsers
    from tideline.udfs.operators.kept.shard_keys import ShardKeys

    ShardOf = Callable[[str], int]
    """The shard key of a user."""

_CACHED_BYTES = 96 << 20
"""Of a subtask, in Python: some 40,000 users with full histories of 2.1 kB. numpy, the encoder and policies share the
512 MB of `taskmanager.memory.task.off-heap.size` with it, and 200,000 such users would take 460."""


class UserStates:
    """Bytes by user, of the shards of a subtask."""

    def __init__(self, kept: FlinkUsers, shards: ShardKeys, on_malformed: Callable[[], None]) -> None:
        """Take what Flink keeps, and what is called for each user whose bytes cannot be read."""
        self._kept = kept
        self._shards = shards
        self._on_malformed = on_malformed
        # What stands in the states as well: what is read over the JVM border is copied twice.
        self._cache = StateCache(_CACHED_BYTES)
        self._new: set[str] = set()
        """Of whom nothing was found since something was last kept."""

    def load(self, users: list[str], shard_of: ShardOf) -> list[bytes | None]:
        """Return what is kept of each user, None where it is nothing or malformed.

        Raises ConfigError where it is of a build that this one cannot read.
        """
        found: list[bytes | None] = list(map(self._cache.get, users))
        asked = [row for row, state in enumerate(found) if state is None]
        if asked:
            some = [users[row] for row in asked]
            shards = list(map(shard_of, some))
            for row, state in zip(asked, self._kept.load(some, shards), strict=True):
                if state is None:
                    self._new.add(users[row])
                elif is_broken(state):
                    self._on_malformed()
                else:
                    found[row] = state
            self._shards.entered(shards[-1])
        return found

    def store(self, users: list[str], states: list[bytes], shard_of: ShardOf) -> None:
        """Keep these states of users who were loaded since the last call."""
        if not users:
            return
        shards, new = list(map(shard_of, users)), [user in self._new for user in users]
        self._kept.store(users, states, shards, new)
        self._shards.entered(shards[-1])
        self._new.clear()
        self._cache.put(zip(users, states, strict=True))

    def forget(self, users: Iterable[str]) -> None:
        """Keep nothing of these users of the current shard any more, their names neither."""
        users = list(users)
        self._kept.forget(users)
        for user in users:
            self._cache.drop(user)

    def keys(self) -> Iterator[str]:
        """Yield every user of the current shard of whom something is kept."""
        yield from self._kept.names()
