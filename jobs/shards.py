"""Shard keys: whole numbers that Flink puts on key groups of their own, evenly over any number of subtasks."""

from __future__ import annotations

from itertools import count

from pyflink.java_gateway import get_gateway

MAX_PARALLELISM = 128
"""Key groups of every keyed operator; part of the state layout, never to be changed."""


def shard_keys(shards: int) -> list[int]:
    """Return one key per shard; shard i lands on key group (2 i + 1) * MAX_PARALLELISM / (2 shards).

    Part of the state layout: the same for ever, given their number.
    """
    jvm = get_gateway().jvm
    group_of = jvm.org.apache.flink.runtime.state.KeyGroupRangeAssignment.assignToKeyGroup
    row = jvm.org.apache.flink.types.Row(1)
    wanted = {(2 * shard + 1) * MAX_PARALLELISM // (2 * shards): shard for shard in range(shards)}
    keys: dict[int, int] = {}
    for key in count():
        row.setField(0, key)
        shard = wanted.pop(group_of(row, MAX_PARALLELISM), None)
        if shard is not None:
            keys[shard] = key
        if not wanted:
            return [keys[each] for each in range(shards)]
    raise AssertionError("unreachable")
