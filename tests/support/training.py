"""Little data and a quick training of it."""

import csv
import json
from pathlib import Path
from typing import Any

from tideline.models import train

FAST = {"hidden": 12, "item_width": 8, "category_width": 6, "epochs": 3, "batch": 64, "item_buckets": 7}


def written(path: Path, rows: list[tuple[Any, ...]], columns: str = "sequence_id,item_id,ts_ms,category") -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns.split(","), *rows])
    return path


def cycles(count: int = 40, length: int = 9) -> list[tuple[Any, ...]]:
    """Sequences in which item k is followed by item k + 1 of 6; equal times within two sequences each."""
    return [
        (f"s{s}", f"i{(s + k) % 6}", 1_000 * (s // 2) + k, f"c{(s + k) % 3}")
        for s in range(count)
        for k in range(length)
    ]


def run(folder: Path, data: Path, *more: str, name: str = "m", **params: Any) -> Path:
    path = folder / "params.json"
    path.write_text(json.dumps(FAST | params))
    arguments = [
        "--data",
        str(data),
        "--out",
        str(folder / name),
        "--params",
        str(path),
        "--device",
        "cpu",
        "--threads",
        "1",
        *more,
    ]
    assert train.main(arguments) == 0
    return folder / name
