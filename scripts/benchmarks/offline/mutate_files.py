"""Files that the commands read, and what may happen to them: to their bytes, cells, columns, types and spelling."""

from __future__ import annotations

import gzip
import io
from contextlib import suppress
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

_ROWS, _DAY_MS, _NOON_MS = 1_040, 86_400_000, 1_795_348_800_000
_CELLS = (
    "", " ", "nan", "-inf", "inf", "1e308", "-1e308", "1e-320", "1e-300", "-0.0", "-1", "0", "1", "2", "1.5",
    str(2**63), "9" * 40, "1795353372", "NA", "null", "True", "yes", "0x10", "1,5", "1_000", "é", "\ud83d\ude00", '"',
    '""', "'", "a\nb", "a\rb", "\0", ";", "\t", "|", "=1+1", "2026-13-45", "2026-11-22", "x" * 5_000, "\x1b[31m",
)  # fmt: skip
_NAMES = (
    "",
    " ",
    "x_",
    "x_0",
    "p_",
    "p_a",
    "action",
    "value",
    "key",
    "user",
    "reward",
    "ts_ms",
    "a.b",
    "\n",
    "é",
    "NA",
)
_TYPES: tuple[Callable[[Any], Any], ...] = (
    lambda values: [[each] for each in values],
    lambda values: [{"a": each} for each in values],
    lambda values: [None] * len(values),
    lambda values: pa.array([str(each) for each in values]).dictionary_encode(),
    lambda values: [str(each).encode() + b"\xff" for each in values],
    lambda values: [str(each).encode() for each in values],
    lambda values: [Decimal(at) / 7 for at in range(len(values))],
    lambda values: [Decimal(at) for at in range(len(values))],
    lambda values: pa.array(range(len(values)), pa.date32()),
    lambda values: pa.array(range(len(values)), pa.int64()).cast(pa.timestamp("ns", "Europe/Berlin")),
    lambda values: pa.array(range(len(values)), pa.int64()).cast(pa.time64("us")),
    lambda values: pa.array(range(len(values)), pa.int64()).cast(pa.duration("ms")),
    lambda values: pa.array([float(at) for at in range(len(values))]),
    lambda values: pa.array([2**63 + at for at in range(len(values))], pa.uint64()),
    lambda values: pa.array([-at for at in range(len(values))], pa.int64()),
    lambda values: [at % 2 == 0 for at in range(len(values))],
    lambda values: [float("nan"), *[float(at) for at in range(len(values) - 1)]][: len(values)],
    lambda values: [float("inf")] * len(values),
)  # fmt: skip


class Whole:
    """A file as it should be, as columns; kept in memory and written once to a folder."""

    def __init__(self, make: Callable[[NDArray[np.float64]], dict[str, Any]], rows: int) -> None:
        self.columns = make(np.random.default_rng(7).random((rows, 4)))

    @cache  # noqa: B019  # there are five of these, for as long as the process lives
    def csv(self) -> bytes:
        """Return it as CSV."""
        out = io.BytesIO()
        csv.write_csv(pa.table(self.columns), out)
        return out.getvalue()

    def saved(self, folder: Path) -> Path:
        """Return a file of it as it should be."""
        path = folder / f"whole_{next(iter(self.columns))}.csv"
        if not path.exists():
            path.write_bytes(self.csv())
        return path


def _log(random: NDArray[np.float64]) -> dict[str, Any]:
    at = np.arange(len(random))
    return {
        "action": np.array(["a", "b", "c"])[(3 * random[:, 0]).astype(int)], "reward": (random[:, 1] < 0.1).astype(int),
        "propensity": np.full(at.size, 0.333333), "x_0": random[:, 2].round(3),
        "decision_id": [f"d{n}" for n in at // 2],
        "position": at % 2 * 0, "user": [f"u{n}" for n in at % 90], "ts_ms": _NOON_MS + at, "eligible": at * 0 + 3,
    }  # fmt: skip


def _export(random: NDArray[np.float64]) -> dict[str, Any]:
    at = np.arange(len(random))
    return {
        "decision_id": [f"{n // 3 % 50:016x}/1.{n // 3}.1" for n in at], "user": [f"{n // 3 % 50:016x}" for n in at],
        "action": np.array(["a", "b", "c", "d"])[(4 * random[:, 0]).astype(int)], "position": at % 3,
        "ts_ms": _NOON_MS + at * 60_000, "policy": np.where(at % 2, "linucb", "popular"), "encoder_version": at * 0 + 3,
        "arm": np.where(at // 3 % 2, "baseline", "wild"), "experiment": ["spring"] * at.size,
        "explored": random[:, 1] < 0.1,
        "propensity": np.where(random[:, 1] < 0.1, np.nan, 0.9), "eligible": at * 0 + 9, "mean": random[:, 2] / 9,
        "click": (random[:, 3] < 0.2).astype(int), "conversion": (random[:, 3] < 0.02).astype(int),
        "revenue": np.where(random[:, 3] < 0.02, 9.99, 0.0), "mature": at < at.size // 2, "pair": at % 9,
        **{f"feature_{n}": at * 0 + (90 / 127 if n == 0 else 0.0) for n in range(8)},
    }  # fmt: skip


def _sequences(random: NDArray[np.float64]) -> dict[str, Any]:
    at = np.arange(len(random))
    return {
        "sequence_id": [f"s{n % 20}" for n in at], "item_id": [f"i{int(9 * n)}" for n in random[:, 0]],
        "ts_ms": _NOON_MS + at * 1_000, "event_type": np.array(["view", "click", "purchase"])[at % 3],
        "category": np.where(random[:, 1] < 0.5, "k", ""), "price": random[:, 2].round(2), "quantity": at % 3,
    }  # fmt: skip


def _archive(random: NDArray[np.float64]) -> dict[str, Any]:
    at = range(len(random))
    events = [Event(f"e{n}", f"u{n % 9}", EventType.VIEW, _NOON_MS + n * 60_000, f"i{n % 7}") for n in at]
    return {
        "key": [event.user_id.encode() for event in events], "value": [encode_event(event) for event in events],
        "timestamp_ms": [event.ts_ms for event in events],
    }  # fmt: skip


FILES = {
    "log": Whole(_log, _ROWS),
    "target": Whole(lambda random: {f"p_{name}": [0.333333] for name in "abc"}, 1),
    "export": Whole(_export, 240),
    "sequences": Whole(_sequences, 120),
    "archive": Whole(_archive, 60),
}


def mutated(kind: str, random: np.random.Generator, folder: Path) -> Path:
    """Write a file of a kind with one to three things done to it."""
    whole = FILES[kind]
    path = folder / str(random.choice(["mutated.csv", "mutated.parquet", "mutated.PQ", "mutated.csv.gz", "mutated"]))
    typed = kind == "archive" or random.random() < 0.4
    data = _parquet(whole.columns, random) if typed else _text(whole.csv(), random)
    if random.random() < 0.15:
        data = _bytes(data, random)
    path.write_bytes(gzip.compress(data, 1, mtime=0) if random.random() < 0.1 else data)
    return path


def _parquet(columns: dict[str, Any], random: np.random.Generator) -> bytes:
    names, values = list(columns), [pa.array(each) for each in columns.values()]
    for _ in range(_changes(random)):
        at = int(random.integers(len(names)))
        match int(random.integers(6)):
            case 0:
                names[at] = str(random.choice(_NAMES))
            case 1 if len(names) > 1:
                del names[at], values[at]
            case 2:
                names.append(names[at])
                values.append(values[at])
            case 3:
                rows = int(random.integers(0, 3))
                values = [each.slice(0, rows) for each in values]
            case _:
                change = _TYPES[int(random.integers(len(_TYPES)))]
                with suppress(OverflowError):  # two changes may want what no Arrow type holds
                    values[at] = pa.array(change(values[at].to_pylist()))
    out = io.BytesIO()
    parquet.write_table(
        pa.Table.from_arrays(values, names), out, compression=str(random.choice(["zstd", "gzip", "none"]))
    )
    return out.getvalue()


def _changes(random: np.random.Generator) -> int:
    return int(random.choice([0, 1, 1, 1, 2, 3]))


def _text(data: bytes, random: np.random.Generator) -> bytes:
    rows = [line.split(",") for line in data.decode().splitlines()]
    for _ in range(_changes(random)):
        column = int(random.integers(len(rows[0])))
        match int(random.integers(8)):
            case 0:
                rows[0][column] = str(random.choice(_NAMES))
            case 1:
                rows = [[cell for at, cell in enumerate(row) if at != column] or [""] for row in rows]
            case 2:
                rows = [[*row, row[min(column, len(row) - 1)]] for row in rows]
            case 3:
                rows = rows[: int(random.integers(0, 4))] or [[""]]
            case 4:
                cell = str(random.choice(_CELLS))
                rows = [rows[0], *[[cell if at == column else each for at, each in enumerate(row)] for row in rows[1:]]]
            case _:
                row = rows[int(random.integers(len(rows)))]
                row[min(column, len(row) - 1)] = str(random.choice(_CELLS))
    separator = str(random.choice([",", ",", ";", "\t", "|"]))
    encoding = str(random.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    text = str(random.choice(["\n", "\r\n"])).join(separator.join(row) for row in rows)
    return text.encode(encoding, "replace")


def _bytes(data: bytes, random: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 4))):
        at = int(random.integers(len(changed) + 1))
        match int(random.integers(5)):
            case 0:
                del changed[at:]
            case 1:
                del changed[at : at + int(random.integers(1, 50))]
            case 2:
                changed[at:at] = random.bytes(int(random.integers(1, 20)))
            case 3:
                changed[at:at] = changed[: int(random.integers(1, 200))]
            case _ if at < len(changed):
                changed[at] ^= int(random.integers(1, 256))
            case _:
                changed += b"\0"
    return bytes(changed)
