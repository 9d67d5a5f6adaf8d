"""The wheel of a shard in Flink's state: who is due in a bucket, appended in chunks of some 25 users.

A bucket is more than one value: users come to it one by one over a day, and each append writes its value anew. What is
due is worked off chunk by chunk, so state is whole between any two of them and nothing waits in memory alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pyflink.common import Types
from pyflink.datastream.state import MapStateDescriptor

from tideline.udfs.core.push.wheel import moved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyflink.datastream.functions import RuntimeContext

    from tideline.udfs.operators.kept.shard_keys import ShardKeys

_CHUNK_BYTES = 256
_CHUNK_BITS = 20


class Chunk(NamedTuple):
    """Some of who may be due in a bucket."""

    key: int
    bucket: int
    held: bytes


class _Shard(NamedTuple):
    chunks: dict[int, list[int]]
    """Keys of the chunks of each bucket, rising."""
    tails: dict[int, bytes]
    """What the last chunk of a bucket holds, where it has room and was written since the start."""


class PushWheel:
    """Of the shards of a subtask; to be called while a record or a timer of the subtask is worked off."""

    def __init__(self, context: RuntimeContext, shards: ShardKeys) -> None:
        self._state: Any = context.get_map_state(
            MapStateDescriptor("push_wheel", Types.LONG(), Types.PICKLED_BYTE_ARRAY())
        )
        self._shards = shards
        self._known: dict[int, _Shard] = {}

    def append(self, shard: int, due: Mapping[str, int]) -> None:
        """Put users of a shard into the buckets that they are due in, 0: in none."""
        held = self._of(shard)
        for bucket, some in moved(due, 0).appended.items():
            keys, tail = held.chunks.setdefault(bucket, []), held.tails.get(bucket, b"")
            if not tail or len(tail) >= _CHUNK_BYTES:
                keys.append(keys[-1] + 1 if keys else bucket << _CHUNK_BITS)
                tail = b""
            held.tails[bucket] = tail + some
            self._state.put(keys[-1], held.tails[bucket])

    def over(self, shard: int, bucket: int) -> Chunk | None:
        """Return a chunk of the first bucket of a shard up to this one; None where there is none."""
        held = self._of(shard)
        first = min(held.chunks, default=bucket + 1)
        if first > bucket:
            return None
        key = held.chunks[first][-1]
        return Chunk(key, first, self._state.get(key))

    def left(self, shard: int, bucket: int) -> int:
        """Return how many chunks the buckets of a shard have up to this one."""
        return sum(len(keys) for each, keys in self._of(shard).chunks.items() if each <= bucket)

    def waits(self, shard: int) -> bool:
        """Return whether any user of a shard waits."""
        return bool(self._of(shard).chunks)

    def drop(self, shard: int, chunk: Chunk) -> None:
        """Forget a chunk, the last of its bucket, that was worked off."""
        held = self._of(shard)
        self._state.remove(chunk.key)
        held.tails.pop(chunk.bucket, None)
        held.chunks[chunk.bucket].remove(chunk.key)
        if not held.chunks[chunk.bucket]:
            del held.chunks[chunk.bucket]

    def _of(self, shard: int) -> _Shard:
        self._shards.at(shard)
        if shard not in self._known:
            chunks: dict[int, list[int]] = {}
            for key in sorted(self._state.keys()):
                chunks.setdefault(key >> _CHUNK_BITS, []).append(key)
            self._known[shard] = _Shard(chunks, {})
        return self._known[shard]
