"""A micro-batch as one row."""

from __future__ import annotations

from tideline.udfs.core.serving.engine import Records
from tideline.udfs.operators.batch_rows import ORDER, read_batch


def test_nulls_come_back_from_the_flags_of_their_partition() -> None:
    """Contract: a null key or value is None again, an empty one is empty, and nothing is shifted."""
    null_key, null_value = 1 << 24, 1 << 25
    row = (3, ORDER, [b"", b"k", b"", b""], [b"v", b"", b"", b"w"],
           [null_key | 2, null_value | 1, null_key | null_value, 7], [10, 11, 12, 13], [5, 6, 7, 8])  # fmt: skip
    batch = read_batch(row)
    assert batch.records == Records([None, b"k", None, b""], [b"v", None, None, b"w"], [5, 6, 7, 8])
    assert (batch.shard, batch.kind, batch.partitions, batch.offsets) == (3, ORDER, [2, 1, 0, 7], [10, 11, 12, 13])
