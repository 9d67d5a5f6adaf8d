"""A batch as one row."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa

from tideline.udfs.core.serving.engine import Records
from tideline.udfs.operators import batch_rows
from tideline.udfs.operators.batch_rows import PROFILES, read_batch

_NULL_KEY, _NULL_VALUE = 1 << 24, 1 << 25


def packed(*records: tuple[int, int, bytes, bytes, int, int]) -> bytes:
    """Return (shard, partition, key, value, offset, time) of records as the document of the layout says."""
    return b"".join(
        [
            struct.pack("<q", len(records)),
            *(struct.pack("<qq", offset, at_ms) for *_, offset, at_ms in records),
            *(struct.pack("<iiii", shard, part, len(key), len(value)) for shard, part, key, value, *_ in records),
            *(key + value for _, _, key, value, *_ in records),
        ]
    )


def test_nulls_come_back_from_the_flags_of_their_partition() -> None:
    """Contract: a null key or value is None again, an empty one is empty, and nothing is shifted."""
    content = packed(
        (3, _NULL_KEY | 2, b"", b"v", 10, 5),
        (8, _NULL_VALUE | 1, b"k", b"", 2**40, 6),
        (3, _NULL_KEY | _NULL_VALUE, b"", b"", 12, -7),
        (4, 7, b"", b"w", 13, 8),
    )
    batch = read_batch((PROFILES, content))
    assert batch.records == Records([None, b"k", None, b""], [b"v", None, None, b"w"], [5, 6, -7, 8])
    assert (batch.kind, batch.partitions, batch.offsets) == (PROFILES, [2, 1, 0, 7], [10, 2**40, 12, 13])
    assert (batch.shards, batch.shard_of("k"), batch.shard_of("")) == ([3, 8, 3, 4], 8, 4)


def test_columns_of_an_archive_become_the_same_row() -> None:
    """Contract: byte for byte as the layout says, nulls flagged, of a part of longer columns, and of none."""
    columns = {
        "offset": pa.array([9, 10, 2**40, 12, 13], pa.int64()),
        "timestamp_ms": pa.array([1, 5, 6, -7, 8], pa.int64()),
        "key": pa.array([b"before", None, b"k", None, b""], pa.binary()),
        "value": pa.array([b"before", b"v", None, None, b"w" * 9], pa.binary()),
    }
    part = pa.RecordBatch.from_pydict(columns).slice(1)
    wanted = packed(
        (3, _NULL_KEY | 6, b"", b"v", 10, 5),
        (8, _NULL_VALUE | 6, b"k", b"", 2**40, 6),
        (3, _NULL_KEY | _NULL_VALUE | 6, b"", b"", 12, -7),
        (4, 6, b"", b"w" * 9, 13, 8),
    )
    assert batch_rows.packed(part, np.array([3, 8, 3, 4]), 6) == wanted
    assert batch_rows.packed(part.slice(0, 0), np.zeros(0, np.int64), 6) == packed()
