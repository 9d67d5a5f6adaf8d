"""Shard keys: whole numbers that Flink puts on key groups of their own, evenly over any number of subtasks."""

from __future__ import annotations

from itertools import count

MAX_PARALLELISM = 1024
"""Key groups of every keyed operator; part of the state layout, never to be changed."""

_BITS = 0xFFFFFFFF


def shard_keys(shards: int) -> list[int]:
    """Return one key per shard; shard i lands on key group (2 i + 1) * MAX_PARALLELISM / (2 shards).

    Part of the state layout: the same for ever, given their number.
    """
    wanted = {(2 * shard + 1) * MAX_PARALLELISM // (2 * shards): shard for shard in range(shards)}
    keys: dict[int, int] = {}
    for key in count():
        shard = wanted.pop(key_group(key), None)
        if shard is not None:
            keys[shard] = key
        if not wanted:
            return [keys[each] for each in range(shards)]
    raise AssertionError("unreachable")


def key_group(key: int) -> int:
    """Return the key group on which Flink puts a row of one whole number: its murmur hash, as Java reckons it."""
    code = key + 62  # the hash of a Java Row that holds this number
    code = _rotated(code * 0xCC9E2D51, 15) * 0x1B873593
    code = (_rotated(code, 13) * 5 + 0xE6546B64 & _BITS) ^ 4
    code = (code ^ code >> 16) * 0x85EBCA6B & _BITS
    code = (code ^ code >> 13) * 0xC2B2AE35 & _BITS
    code ^= code >> 16
    # Java's numbers are signed; Flink takes the absolute value, 0 for the one that has none.
    return min(code, -code & _BITS) % 2**31 % MAX_PARALLELISM


def _rotated(code: int, bits: int) -> int:
    code &= _BITS
    return (code << bits | code >> 32 - bits) & _BITS
