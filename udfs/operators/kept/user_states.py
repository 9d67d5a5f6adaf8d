"""What is kept of each user of a shard, each apart, so that a checkpoint holds nobody up.

In a map state a shard's users would be one value of Flink's heap. While a checkpoint is written no value may change, so
the first batch after it would wait for a copy of all users of the shard, and the collector would move what it takes. So
each user is a value of its own: its namespace is his id. Who there is stands in a map beside it, of names alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyflink.common import Types
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from tideline.udfs.core.users.state_check import is_malformed
from tideline.udfs.operators.kept.state_cache import StateCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyflink.datastream.functions import RuntimeContext

    from tideline.udfs.operators.kept.shard_keys import ShardKeys

    ShardOf = Callable[[str], int]
    """The shard key of a user."""

_CACHED_BYTES = 96 << 20
"""Of a subtask, in Python: some 40,000 users with full histories of 2.1 kB. numpy, the encoder and policies share the
512 MB of `taskmanager.memory.task.off-heap.size` with it, and 200,000 such users would take 460."""


class UserStates:
    """Bytes by user, of the shards of a subtask."""

    def __init__(self, of_user: Any, names: Any, shards: ShardKeys, on_malformed: Callable[[], None]) -> None:
        """Take the states that Flink keeps, and what is called for each user whose bytes cannot be read.

        `of_user` is a value state with namespaces, as PyFlink has it, `names` a map state without.
        """
        self._of_user = of_user
        self._shards = shards
        self._names = names
        self._on_malformed = on_malformed
        # What stands in the states as well: a read over the JVM border costs 4 us.
        self._cache = StateCache(_CACHED_BYTES)
        self._new: set[str] = set()
        """Of whom nothing was found since something was last kept."""

    def load(self, users: list[str], shard_of: ShardOf) -> list[bytes | None]:
        """Return what is kept of each user, None where it is nothing or malformed.

        Raises ConfigError where it is of a build that this one cannot read.
        """
        found: list[bytes | None] = []
        for user in users:
            state = self._cache.get(user)
            if state is None:
                state = self._read(user, shard_of(user))
            found.append(state)
        return found

    def _read(self, user: str, shard: int) -> bytes | None:
        self._shards.at(shard)
        self._of_user.set_current_namespace(user)
        state: bytes | None = self._of_user.value()
        if state is None:
            self._new.add(user)
        elif is_malformed(state):
            self._on_malformed()
            return None
        return state

    def store(self, users: list[str], states: list[bytes], shard_of: ShardOf) -> None:
        """Keep these states of users who were loaded since the last call."""
        by_shard: dict[int, list[int]] = {}
        for row, user in enumerate(users):
            by_shard.setdefault(shard_of(user), []).append(row)
        for shard, rows in by_shard.items():
            self._shards.at(shard)
            for row in rows:
                self._of_user.set_current_namespace(users[row])
                self._of_user.update(states[row])
            for row in rows if self._new else ():
                if users[row] in self._new:
                    self._names.put(users[row], True)
        self._new.clear()
        self._cache.put(zip(users, states, strict=True))

    def forget(self, users: Iterable[str]) -> None:
        """Keep nothing of these users of the current shard any more, their names neither."""
        for user in users:
            self._of_user.set_current_namespace(user)
            self._of_user.clear()
            self._names.remove(user)
            self._cache.drop(user)

    def keys(self) -> Iterator[str]:
        """Yield every user of the current shard of whom something is kept."""
        yield from self._names.keys()


def user_states(context: RuntimeContext, shards: ShardKeys, on_malformed: Callable[[], None]) -> UserStates:
    """Return the users of an operator. Thread mode only: PyFlink has namespaces, but hands them out for windows."""
    from pemja import findClass  # only there inside a TaskManager
    from pyflink.fn_execution.embedded.converters import IdentityDataConverter
    from pyflink.fn_execution.embedded.state_impl import KeyedStateBackend

    backend: Any = context.get_keyed_state_backend()  # of the context in thread mode
    by_user = KeyedStateBackend(
        backend._function_context,  # noqa: SLF001 - no public way
        backend._keyed_state_backend,  # noqa: SLF001
        findClass("org.apache.flink.api.common.typeutils.base.StringSerializer").INSTANCE,
        IdentityDataConverter(),
    )
    return UserStates(
        by_user.get_value_state(ValueStateDescriptor("users", Types.PICKLED_BYTE_ARRAY())),
        context.get_map_state(MapStateDescriptor("user_names", Types.STRING(), Types.BOOLEAN())),
        shards,
        on_malformed,
    )
