"""An export of decisions as reports read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, names: dict[str, Any]) -> Path:
    """Write a file of these columns."""
    parquet.write_table(pa.table(names), path)
    return path


def columns(count: int) -> dict[str, Any]:
    """Return the columns of an export of so many rows, half of them mature."""
    return {
        "decision_id": [f"{at % 7:016x}/1.{at}.1" for at in range(count)],
        "user": [f"{at % 7:016x}" for at in range(count)], "action": ["<a>", "b"] * (count // 2),
        "position": [0] * count, "ts_ms": list(range(count)), "policy": ["linucb"] * count,
        "encoder_version": [3] * count, "arm": [""] * count, "explored": [False] * count,
        "propensity": [0.98] * count, "eligible": [2] * count,
        "mean": pa.array([None] * count, pa.float64()), "click": [at % 2 for at in range(count)],
        "conversion": [0] * count, "revenue": [0.0] * count, "mature": [at < count // 2 for at in range(count)],
    }  # fmt: skip


def random_pairs(count: int, rates: list[float]) -> dict[str, Any]:
    """Return the columns of so many lists of two in random order; click rates by row, repeated to the end."""
    rng = np.random.default_rng(6)
    return columns(2 * count) | {
        "decision_id": [f"{at % 500:016x}/1.{at}.1" for at in range(count) for _ in range(2)],
        "user": [f"{at % 500:016x}" for at in range(count) for _ in range(2)],
        "position": [0, 1] * count,
        "action": np.where(rng.random((count, 1)) < 0.5, [["a", "b"]], [["b", "a"]]).ravel(),
        "propensity": [0.5, 1.0] * count,
        "click": (rng.random(2 * count) < np.tile(rates, 2 * count // len(rates))).astype(int),
    }
