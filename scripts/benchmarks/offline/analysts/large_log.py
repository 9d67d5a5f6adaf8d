"""A seeded log of any size, as `tideline export` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from tideline.udfs.core.context import DIM

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES, ARMS = 10, 200
_START_MS, _APART_MS = 1_795_694_400_000, 10
_LISTS = 20_000
_LISTS_A_USER = 10


def write_log(path: Path, rows: int) -> None:
    """Write lists of ENTRIES of ARMS activities drawn at random, as they are made, 10 ms apart, ten for each user.

    Contexts are whole 127ths, as the job logs them. `rows` is cut to whole lists, at least one.
    """
    lists = max(rows // ENTRIES, 1)
    writer = None
    for start in range(0, lists, _LISTS):
        table = _lists(np.arange(start, min(start + _LISTS, lists)), max(lists // _LISTS_A_USER, 1))
        writer = writer or parquet.ParquetWriter(path, table.schema, compression="zstd", write_page_checksum=True)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _lists(made: Any, users: int) -> pa.Table:
    rng = np.random.default_rng(int(made[0]))
    user, x = rng.integers(0, users, made.size), rng.integers(-31, 32, (made.size, DIM))
    x[:, 0] = 90
    action = np.argsort(rng.random((made.size, ARMS)), axis=1)[:, :ENTRIES].ravel()
    click = rng.random(action.size) < 0.02 + 0.0002 * action
    conversion = click & (rng.random(action.size) < 0.1)
    position = np.tile(np.arange(ENTRIES), made.size)
    names = {
        "decision_id": [f"{whose:016x}/1.{at}.1" for whose, at in zip(user.tolist(), made.tolist(), strict=True)],
        "user": [f"{whose:016x}" for whose in user.tolist()],
    }
    each = np.repeat(np.arange(made.size), ENTRIES)
    columns = {name: pa.array(values).take(pa.array(each)) for name, values in names.items()}
    columns |= {
        "action": pa.array([f"c{arm:03}" for arm in range(ARMS)]).take(pa.array(action)),
        "position": position,
        "ts_ms": _START_MS + _APART_MS * made[each],
        "policy": pa.array(["pairs"] * action.size),
        "encoder_version": np.full(action.size, 2),
        "arm": pa.array(["a", "b"]).take(pa.array(user[each] % 2)),
        "explored": (rng.random(made.size) < 0.02)[each],
        "propensity": 1.0 / (ARMS - position),
        "eligible": np.full(action.size, ARMS),
        "mean": np.rint(1000.0 * (0.02 + 0.0002 * action + 0.01 * rng.random(action.size))) / 1000.0,
        "click": click,
        "conversion": conversion,
        "revenue": np.where(conversion, 19.99, 0.0),
        "reward": click + 5.0 * conversion,
        "mature": np.ones(action.size, np.bool_),
    }
    return pa.table(columns | {f"x_{at}": np.repeat(x[:, at] / 127.0, ENTRIES) for at in range(DIM)})
