"""The row that carries one micro-batch of a shard from the JVM to Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.serving.engine import Records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyflink.common import Row

EVENTS, ORDER, ACTIVITY, PROFILES = 0, 1, 2, 3
"""What a row carries: records (or, to the learner, feedback), one control order, to the learner one activity; records
of profiles."""
KEY_WAS_NULL, VALUE_WAS_NULL = 1 << 24, 1 << 25
"""Flags on a partition number: the record had no key, no value. Arrays cannot hold nulls safely."""


class Batch(NamedTuple):
    """A row taken apart."""

    shard: int
    kind: int
    records: Records
    partitions: Sequence[int]
    offsets: Sequence[int]


def read_batch(row: Row) -> Batch:
    """Return the content of a row with its nulls back in place."""
    shard, kind, keys, values, partitions, offsets, timestamps_ms = row
    if max(partitions) >= KEY_WAS_NULL:
        keys = [None if part & KEY_WAS_NULL else key for key, part in zip(keys, partitions, strict=True)]
        values = [None if part & VALUE_WAS_NULL else value for value, part in zip(values, partitions, strict=True)]
        partitions = [part & (KEY_WAS_NULL - 1) for part in partitions]
    return Batch(shard, kind, Records(keys, values, timestamps_ms), partitions, offsets)


def flagged(partition: int, key: bytes | None, value: bytes | None) -> int:
    """Return the partition of a record with the flags of what it had not."""
    return partition | (KEY_WAS_NULL if key is None else 0) | (VALUE_WAS_NULL if value is None else 0)
