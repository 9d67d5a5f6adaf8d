"""The row that carries one micro-batch of a shard from the JVM to Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from udfs.core.engine import Records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyflink.common import Row

EVENTS, ORDER = 0, 1
"""What a row carries: records (or, to the learner, feedback), or one control order."""
_KEY_WAS_NULL, _VALUE_WAS_NULL = 1 << 24, 1 << 25


class Batch(NamedTuple):
    """A row taken apart."""

    shard: int
    kind: int
    records: Records
    partitions: Sequence[int]
    offsets: Sequence[int]


def read_batch(row: Row) -> Batch:
    """Return the content of a row; nulls, which an array aggregate cannot hold safely, travel as partition flags."""
    shard, kind, keys, values, partitions, offsets, timestamps_ms = row
    if max(partitions) >= _KEY_WAS_NULL:
        keys = [None if part & _KEY_WAS_NULL else key for key, part in zip(keys, partitions, strict=True)]
        values = [None if part & _VALUE_WAS_NULL else value for value, part in zip(values, partitions, strict=True)]
        partitions = [part & (_KEY_WAS_NULL - 1) for part in partitions]
    return Batch(shard, kind, Records(keys, values, timestamps_ms), partitions, offsets)
