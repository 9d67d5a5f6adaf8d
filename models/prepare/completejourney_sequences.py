"""The Complete Journey as sequences, split by time.

`python -m tideline.models.prepare.completejourney_sequences --out DIR` makes two files.
A sequence is a household's clickstream as `models/prepare/completejourney.py` tells it: the item is the product, the
category its commodity. train.parquet has the events before the split day, test.parquet those from it on, so that
nothing of a test sequence, its beginning included, was trained on: evaluate it with `--target all`.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet as pq

from tideline.models.prepare.completejourney import columns
from tideline.schemas.events import TYPE_NAMES, EventType

SPLIT_DAY = "2017-12-01"


def main(argv: list[str]) -> int:
    """Write train.parquet and test.parquet; 0 on success."""
    parser = argparse.ArgumentParser(
        prog="python -m tideline.models.prepare.completejourney_sequences", description="Complete Journey sequences."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of train.parquet and test.parquet")
    parser.add_argument("--from", dest="from_day", default="2017-01-01", help="first UTC day of train")
    parser.add_argument("--split", default=SPLIT_DAY, help="first UTC day of test")
    parser.add_argument("--until", default="2018-01-01", help="UTC day after the last of test")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    everything = table()
    ts_ms = everything["ts_ms"].to_numpy()
    edges = [day_ms(day) for day in (args.from_day, args.split, args.until)]
    for name, begins, ends in (("train", edges[0], edges[1]), ("test", edges[1], edges[2])):
        part = everything.filter(pa.array((ts_ms >= begins) & (ts_ms < ends)))
        pq.write_table(part, args.out / f"{name}.parquet")
        print(f"{args.out / name}.parquet: {part.num_rows} events")
    return 0


def table() -> pa.Table:
    """Return every event in the columns of `models/data.py`, in the order of time."""
    cols = columns()
    is_search = cols.type == EventType.SEARCH
    product = cols.product.astype(str).astype(object)
    product[is_search] = None
    category = np.array([*cols.category_names, None], dtype=object)[cols.category]
    return pa.table(
        {
            "sequence_id": pa.array(cols.user),
            "item_id": pa.array(product, pa.string()),
            "ts_ms": pa.array(cols.ts_ms),
            "event_type": pa.array(np.array(TYPE_NAMES, dtype=object)[cols.type], pa.string()),
            "category": pa.array(category, pa.string()),
            "price": pa.array(cols.price),
            "quantity": pa.array(cols.quantity),
        }
    )


def day_ms(day: str) -> int:
    """Return the first millisecond of a UTC day."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1_000)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
