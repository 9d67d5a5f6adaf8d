"""The nine bytes that are left of an erased user go as well, once nothing of before can come any more.

Until then they refuse what is of before his erasure (erased_mark.py). After that their key, his id, says no more than
that he was here once. Who came back keeps his: he is known by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyflink.common import Types
from pyflink.datastream.state import MapStateDescriptor

from tideline.udfs.core.users.erased_mark import MARK_BYTES, unmarked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyflink.datastream.functions import RuntimeContext

    from tideline.udfs.operators.kept.shard_keys import ShardKeys
    from tideline.udfs.operators.kept.user_states import ShardOf, UserStates

_TOGETHER_MS = 60_000
"""Timers of a shard fall on full minutes: one does for all that are due in it."""


class ErasedMarks:
    """Of the shards of a subtask."""

    def __init__(self, context: RuntimeContext, states: UserStates, shards: ShardKeys, kept_ms: int) -> None:
        """A mark is kept for `kept_ms` from the erasure on."""
        self._shards = shards
        self._noted = context.get_map_state(MapStateDescriptor("erased_users", Types.STRING(), Types.LONG()))
        self._states = states
        self._kept_ms = kept_ms

    def note(self, users: Sequence[str], states: Sequence[bytes], shard_of: ShardOf, timers: Any) -> None:
        """Look for marks alone among what was stored of users, and see to it that they go."""
        for at, state in enumerate(states):
            if len(state) == MARK_BYTES:  # nothing else is as short
                erased_ms, _ = unmarked(state)
                self._shards.at(shard_of(users[at]))
                self._noted.put(users[at], erased_ms)
                self._wake(erased_ms, timers)

    def let_go(self, shard: int, timestamp: int, timers: Any) -> int:
        """Forget the users of a shard whose marks are over; return how many. For any timer of the operator."""
        if timestamp % _TOGETHER_MS:  # somebody else's
            return 0
        over_ms = timers.current_processing_time() - self._kept_ms
        noted = dict(self._noted.items())
        due = [user for user, erased_ms in noted.items() if erased_ms <= over_ms]
        found = zip(due, self._states.load(due, lambda _: shard), strict=True)
        gone = [user for user, state in found if state is not None and _is_over(state, over_ms)]
        self._states.forget(gone)
        for user in due:
            self._noted.remove(user)
        if len(due) < len(noted):  # noted when marks were to be kept for a shorter time
            self._wake(min(erased_ms for erased_ms in noted.values() if erased_ms > over_ms), timers)
        return len(gone)

    def _wake(self, erased_ms: int, timers: Any) -> None:
        at_ms = max(erased_ms + self._kept_ms, timers.current_processing_time() + 1)
        timers.register_processing_time_timer(-(-at_ms // _TOGETHER_MS) * _TOGETHER_MS)


def _is_over(state: bytes, over_ms: int) -> bool:
    return len(state) == MARK_BYTES and unmarked(state)[0] <= over_ms
