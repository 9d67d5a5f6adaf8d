"""What Flink keeps of users, read and written for a whole batch: one crossing of the JVM border and not two a user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pyflink.common import Types
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyflink.datastream.functions import RuntimeContext

_CLASS = "KeptUsers"


class FlinkUsers:
    """The users of a subtask's shards, each a value of his own, and by shard their names."""

    def __init__(self, in_bulk: Any, of_user: Any, names: Any) -> None:
        """Take an opened KeptUsers (Java) and the states that it was opened with, as PyFlink has them.

        `of_user` is a value state with namespaces, `names` a map state without.
        """
        self._in_bulk = in_bulk
        self._of_user = of_user
        self._names = names

    def at(self, shard: int) -> None:
        """Make a shard the one whose state and timers are meant."""
        self._in_bulk.at(shard)

    def load(self, users: Sequence[str], shards: Sequence[int]) -> list[bytes | None]:
        """Return the bytes of each user, None where there are none."""
        return unpacked(self._in_bulk.load(packed(users, shards)), len(users))

    def store(self, users: Sequence[str], states: Sequence[bytes], shards: Sequence[int], new: Sequence[bool]) -> None:
        """Keep these bytes, and the names of those who are new."""
        self._in_bulk.store(packed(users, shards, states, new))

    def forget(self, users: Iterable[str]) -> None:
        """Keep nothing of these users of the shard that is meant."""
        for user in users:
            self._of_user.set_current_namespace(user)
            self._of_user.clear()
            self._names.remove(user)

    def names(self) -> list[str]:
        """Return everybody of the shard that is meant of whom something is kept."""
        return list(self._names.keys())


def packed(
    users: Sequence[str], shards: Sequence[int], states: Sequence[bytes] = (), new: Sequence[bool] = ()
) -> bytes:
    """Return what KeptUsers.java is asked or told: its comments have the layout."""
    names = [user.encode() for user in users]
    columns = [shards, list(map(len, names))]
    if new:
        columns += [list(map(len, states)), new]
    numbers = np.array(columns, "<i4").T
    return b"".join([len(names).to_bytes(4, "little"), numbers.tobytes(), *names, *states])


def unpacked(found: bytes, count: int) -> list[bytes | None]:
    """Return the states of a KeptUsers answer about so many users."""
    lengths = np.frombuffer(found, "<i4", count).astype(np.int64)
    ends = (4 * count + np.maximum(lengths, 0).cumsum()).tolist()
    return [None if size < 0 else found[end - size : end] for size, end in zip(lengths.tolist(), ends, strict=True)]


def flink_users(context: RuntimeContext) -> FlinkUsers:
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
    states = by_user.get_value_state(ValueStateDescriptor("users", Types.PRIMITIVE_ARRAY(Types.BYTE())))
    names: Any = context.get_map_state(MapStateDescriptor("user_names", Types.STRING(), Types.BOOLEAN()))
    java = backend._keyed_state_backend  # noqa: SLF001
    code = Path(__file__).with_name(f"{_CLASS}.java").read_text(encoding="utf-8")
    # As Flink compiles what it generates. Arrays are tuples here: of a list the bridge makes no array, and without the
    # empty one it calls the method with nothing in its place, which ends the process.
    generated = findClass("org.apache.flink.table.runtime.generated.GeneratedOperator")
    made = generated(_CLASS, code, (), findClass("org.apache.flink.configuration.Configuration")())
    in_bulk = made.newInstance(java.getClass().getClassLoader(), ())
    in_bulk.open(states._state, names._state, java)  # noqa: SLF001
    return FlinkUsers(in_bulk, states, names)
