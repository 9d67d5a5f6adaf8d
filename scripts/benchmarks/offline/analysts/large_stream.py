"""A seeded clickstream of any size, as its archive holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from tideline.models.topic_data import ARCHIVE_COLUMNS
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event

if TYPE_CHECKING:
    from pathlib import Path

ITEMS, CATEGORIES = 20_000, 50
EVENTS_A_USER = 10
_START_MS, _APART_MS = 1_795_694_400_000, 1_000
_CHUNK = 50_000
_ROUND = 100_000
_MARK, _MARKS = b"-000", 1_000
"""What ends the ids of users and events, and how many there are: a round of events is told again under each."""


def write_stream(path: Path, rows: int) -> None:
    """Write the views, carts and purchases of users with ten events each on average; items by a heavy tail.

    Users of one round of 100,000 events do what those of another do: encoding one event takes longer than reading it.
    Above 100,000,000 rows the first are told again.
    """
    columns = [pa.field(ARCHIVE_COLUMNS[0], pa.binary()), pa.field(ARCHIVE_COLUMNS[1], pa.binary())]
    schema = pa.schema([*columns, pa.field(ARCHIVE_COLUMNS[2], pa.int64())])
    size = min(rows, _ROUND)
    keys, values, times = _round(size)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, rows, size):
            left, mark = min(size, rows - start), b"-%03d" % (start // size % _MARKS)
            told = [[each.replace(_MARK, mark) for each in column[:left]] for column in (keys, values)]
            writer.write_table(pa.table([*told, times[:left]], schema=schema), row_group_size=_CHUNK)


def _round(size: int) -> tuple[list[bytes], list[bytes], list[int]]:
    rng = np.random.default_rng(size)
    users, kinds = rng.integers(0, max(size // EVENTS_A_USER, 1), size), rng.choice([0, 0, 0, 2, 3], size)
    items = np.minimum(rng.pareto(1.0, size) * 20.0, ITEMS - 1).astype(np.int64)
    mark = _MARK.decode()
    events = [
        Event(
            event_id=f"e{at:06}{mark}",
            user_id=f"u{user:05}{mark}",
            type=kind,
            ts_ms=_START_MS + _APART_MS * at,
            item_id=f"item{item:05}",
            category=f"c{item % CATEGORIES:02}",
            price=item % 97 + 0.99,
            quantity=1,
        )
        for at, (user, kind, item) in enumerate(zip(users.tolist(), kinds.tolist(), items.tolist(), strict=True))
    ]
    return (
        [each.user_id.encode() for each in events],
        [encode_event(each) for each in events],
        [e.ts_ms for e in events],
    )
