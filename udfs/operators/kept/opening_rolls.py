"""New lists for recent users of each shard, some a second, once an activity has opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyflink.common import Types
from pyflink.datastream.state import ValueStateDescriptor

from tideline.udfs.core.serving.renewal.roll import Roll, decode_roll, encode_roll, looked
from tideline.udfs.operators.stop import failing_for_good

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyflink.datastream.functions import RuntimeContext

_TICK_MS = 1000
_APART_MS = 617
"""Of one shard's key and the next; prime to the second."""


class OpeningRolls:
    """Of the shards of a subtask; to be called while a record or a timer of the shard is worked off."""

    def __init__(self, context: RuntimeContext, per_s: int, shards: int) -> None:
        """`per_s` users a second have new lists, in all shards together; 0: none."""
        self._context = context
        self._state = context.get_state(ValueStateDescriptor("openings", Types.PICKLED_BYTE_ARRAY()))
        self._at_once = -(-per_s * _TICK_MS // (1000 * shards))
        self._rolls: dict[int, Roll | None] = {}
        """What the state holds, by shard: a read over the JVM border costs 4 us."""
        self._waiting: dict[int, list[str]] = {}
        """Who is still to be told, by shard."""

    def least_ms(self, shard: int) -> int:
        """Return the moment that every list of a shard is as of at the earliest.

        Some of its users were told by lists as of that opening: whoever's clock is behind would get no newer one.
        """
        roll = self._of(shard)
        return roll.begun_ms if roll is not None else 0

    def look(self, shard: int, opened_ms: int, heard_ms: int, users: Callable[[], Iterable[str]], timers: Any) -> None:
        """Begin to tell the users of a shard where an activity has opened since the last time; moments as of `looked`.

        Who was still to be told of an earlier opening comes first, so that none waits longer than a whole turn.
        """
        if not self._at_once:
            return
        before = self._of(shard)
        roll = looked(before, opened_ms, heard_ms)
        if roll != before:
            self._put(shard, roll)
        if roll.running and (roll != before or shard not in self._waiting):  # begun now, or before a restart
            first = self._waiting.get(shard, [])
            known = set(first)
            self._waiting[shard] = first + [user for user in users() if user not in known]
            self._tick(shard, timers)

    def part(self, shard: int, timers: Any) -> tuple[list[str], int]:
        """Return the next users of a shard to be told, and of which opening; nobody where there is none."""
        roll, waiting = self._of(shard), self._waiting.get(shard)
        if roll is None or waiting is None:  # a timer from before a restart
            return [], 0
        part, self._waiting[shard] = waiting[: self._at_once], waiting[self._at_once :]
        if self._waiting[shard]:
            self._tick(shard, timers)
        else:
            del self._waiting[shard]
            self._put(shard, roll.ended())
        return part, roll.begun_ms

    def _of(self, shard: int) -> Roll | None:
        if shard not in self._rolls:
            kept = self._state.value()
            with failing_for_good(self._context):
                self._rolls[shard] = None if kept is None else decode_roll(kept)
        return self._rolls[shard]

    def _put(self, shard: int, roll: Roll) -> None:
        self._state.update(encode_roll(roll))
        self._rolls[shard] = roll

    def _tick(self, shard: int, timers: Any) -> None:
        """At the same part of each second, so that one left from before a restart and a new one are the same.

        Another part for each shard: together they would hold up what comes meanwhile.
        """
        now_ms = timers.current_processing_time()  # once: a clock that goes on in between would leave the phase
        timers.register_processing_time_timer(now_ms - (now_ms - shard * _APART_MS) % _TICK_MS + _TICK_MS)
