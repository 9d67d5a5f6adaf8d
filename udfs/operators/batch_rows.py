"""The row that carries one batch of records from the JVM to Python; jobs/GatherByShard.java writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.udfs.core.serving.engine import Records

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyflink.common import Row

EVENTS, ORDER, ACTIVITY, PROFILES = 0, 1, 2, 3
"""What a row carries: records (or, to the learner, feedback), one control order, to the learner one activity; records
of profiles."""
KINDS = 4
KEY_WAS_NULL, VALUE_WAS_NULL = 1 << 24, 1 << 25
"""Flags on a partition number: the record had no key, no value. SQL gives an empty one for it."""

_COUNT = np.dtype("<i8")
_MOMENTS = np.dtype([("offset", "<i8"), ("timestamp_ms", "<i8")])
_NUMBERS = np.dtype([("shard", "<i4"), ("partition", "<i4"), ("key_bytes", "<i4"), ("value_bytes", "<i4")])


class Batch(NamedTuple):
    """A row taken apart."""

    kind: int
    records: Records
    shards: list[int]
    """The shard key of each record."""
    partitions: list[int]
    offsets: list[int]

    shard_by_key: dict[bytes | None, int]

    def shard_of(self, user: str) -> int:
        """Return the shard key of a user of whom there is a record."""
        return self.shard_by_key[user.encode()]


def read_batch(row: Row) -> Batch:
    """Return the content of a row with its nulls back in place.

    It is (kind, bytes): the number of records (8 bytes, little-endian as all of them), by record offset and timestamp
    (8 each), by record shard, partition with flags, length of key and of value (4 each), and key and value of each.
    """
    kind, packed = row
    count = int(np.frombuffer(packed, _COUNT, 1)[0])
    moments = np.frombuffer(packed, _MOMENTS, count, _COUNT.itemsize)
    begin = _COUNT.itemsize + moments.nbytes
    numbers = np.frombuffer(packed, _NUMBERS, count, begin)
    # One array for all: numbers and keys that cross the JVM border one by one take 2 us a record.
    lengths = np.empty(2 * count + 1, np.int64)
    lengths[0], lengths[1::2], lengths[2::2] = begin + numbers.nbytes, numbers["key_bytes"], numbers["value_bytes"]
    cuts = lengths.cumsum().tolist()
    keys: list[bytes | None] = [packed[a:b] for a, b in zip(cuts[0:-1:2], cuts[1::2], strict=True)]
    values: list[bytes | None] = [packed[a:b] for a, b in zip(cuts[1::2], cuts[2::2], strict=True)]
    partitions: list[int] = numbers["partition"].tolist()
    if max(partitions) >= KEY_WAS_NULL:
        keys = [None if part & KEY_WAS_NULL else key for key, part in zip(keys, partitions, strict=True)]
        values = [None if part & VALUE_WAS_NULL else value for value, part in zip(values, partitions, strict=True)]
        partitions = [part & (KEY_WAS_NULL - 1) for part in partitions]
    records, shards = Records(keys, values, moments["timestamp_ms"].tolist()), numbers["shard"].tolist()
    by_key = dict(zip(keys, shards, strict=True))
    return Batch(kind, records, shards, partitions, moments["offset"].tolist(), by_key)


def packed(records: pa.RecordBatch, shards: NDArray[np.int64], partition: int) -> bytes:
    """Return the second half of a row with the records of a partition, as `read_batch` reads it.

    They come as columns offset, timestamp_ms, key and value, as an archive has them, with the shard key of each.
    """
    moments, numbers = np.empty(records.num_rows, _MOMENTS), np.empty(records.num_rows, _NUMBERS)
    moments["offset"], moments["timestamp_ms"] = (records[name].to_numpy() for name in ("offset", "timestamp_ms"))
    numbers["shard"], numbers["partition"] = shards, partition
    bodies = []
    for name, flag in (("key", KEY_WAS_NULL), ("value", VALUE_WAS_NULL)):
        numbers["partition"] |= flag * pc.is_null(records[name]).to_numpy(zero_copy_only=False).astype(np.int32)
        bodies.append(pc.fill_null(records[name], b""))
        numbers[f"{name}_bytes"] = pc.binary_length(bodies[-1]).to_numpy()
    joined = pc.binary_join_element_wise(*bodies, b"")
    _, offsets, content = joined.buffers()
    ends = np.frombuffer(offsets, np.int32)[joined.offset : joined.offset + records.num_rows + 1]
    body = memoryview(content)[ends[0] : ends[-1]] if content is not None else b""
    return b"".join([np.array([records.num_rows], _COUNT).tobytes(), moments.tobytes(), numbers.tobytes(), body])


def flagged(partition: int, key: bytes | None, value: bytes | None) -> int:
    """Return the partition of a record with the flags of what it had not."""
    return partition | (KEY_WAS_NULL if key is None else 0) | (VALUE_WAS_NULL if value is None else 0)
