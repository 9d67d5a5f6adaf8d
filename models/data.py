"""Sequences of events: the one form in which training, baselines and evaluation see data, and the file it is read from.

A file is CSV (`.csv`, with a header) or Parquet (`.parquet`) with a row for each event:

    sequence_id   text: user or session; required, not empty
    item_id       text: what the event is about; empty = nothing, as for a search
    ts_ms         whole number: UTC epoch milliseconds, 0..2**53; required
    event_type    optional: view (the default), search, add_to_cart or purchase
    category      optional text; empty = none
    price         optional number: price of one unit, at least 0; empty = none
    quantity      optional whole number of units, at least 0; empty = none

Rows may come in any order; events of one sequence with equal times keep the order they have in the file. Other columns
are not read.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv
from pyarrow import parquet as pq

from udfs.core.errors import ConfigError
from udfs.core.events import FIRST_ACTIVITY_TYPE, TYPE_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

REQUIRED = ("sequence_id", "item_id", "ts_ms")
OPTIONAL = ("event_type", "category", "price", "quantity")

_LATEST_MS = 2**53
_MOST_UNITS = 2**31 - 1
_DEAREST = 1e9
_ALIASES = {"click": "view", "cart": "add_to_cart", "addtocart": "add_to_cart", "order": "purchase", "buy": "purchase"}


@dataclass(frozen=True, slots=True)
class Sequences:
    """Events of S sequences as equally long arrays [E], sequence after sequence, each ordered by time."""

    starts: NDArray[np.int64]
    """[S + 1]: the events of sequence s are rows starts[s]:starts[s + 1]; every sequence has at least one."""
    names: NDArray[np.object_]
    """[S] sequence ids, in the order in which they first appear in the file."""
    item: NDArray[np.int64]
    """Index into `item_names`; -1 for none, or one that is not there."""
    category: NDArray[np.int64]
    """Index into `category_names`; -1 for none, or one that is not there."""
    type: NDArray[np.uint8]
    """Number of an organic `EventType`."""
    ts_ms: NDArray[np.int64]
    price: NDArray[np.float32]
    """Of one unit; 0 = none."""
    quantity: NDArray[np.int64]
    """Units; 0 = none."""
    item_names: NDArray[np.object_]
    """[N] distinct texts."""
    category_names: NDArray[np.object_]
    """[C] distinct texts; may be empty."""


def read(path: Path) -> Sequences:
    """Read a file in the format above.

    Raises:
        ConfigError: the file cannot be read, lacks a column, or has a value that is not allowed; names file, column
            and the first bad row, counted from 1 without the header.
    """
    table = _table(path)
    if not table.num_rows:
        raise ConfigError("data", str(path), "at least one event")
    names, sequence = _codes(path, table, "sequence_id")
    if (sequence < 0).any():
        raise _bad(path, "sequence_id", int(np.argmin(sequence)), "", "not empty")
    item_names, item = _codes(path, table, "item_id")
    category_names, category = _codes(path, table, "category")
    ts_ms = _numbers(path, table, "ts_ms", pa.int64(), _LATEST_MS)
    order = np.lexsort((ts_ms, sequence))
    return Sequences(
        starts=np.searchsorted(sequence[order], np.arange(names.size + 1)),
        names=names,
        item=item[order],
        category=category[order],
        type=_types(path, table)[order],
        ts_ms=ts_ms[order],
        price=_numbers(path, table, "price", pa.float64(), _DEAREST)[order].astype(np.float32),
        quantity=_numbers(path, table, "quantity", pa.int64(), _MOST_UNITS)[order],
        item_names=item_names,
        category_names=category_names,
    )


def recoded(data: Sequences, like: Sequences) -> Sequences:
    """Return the same events with the items and categories of `like`: -1 for what is not known there."""
    return replace(
        data,
        item=_translated(data.item, data.item_names, like.item_names),
        category=_translated(data.category, data.category_names, like.category_names),
        item_names=like.item_names,
        category_names=like.category_names,
    )


def owners(data: Sequences) -> NDArray[np.int64]:
    """Return the sequence that each event [E] belongs to."""
    return np.repeat(np.arange(data.names.size), np.diff(data.starts))


def _table(path: Path) -> pa.Table:
    """Read the known columns of a file: those of a CSV as text, those of Parquet as they are."""
    try:
        if path.suffix.lower() == ".parquet":
            found = pq.read_schema(path).names
            _check_columns(path, found)
            return pq.read_table(path, columns=[name for name in (*REQUIRED, *OPTIONAL) if name in found])
        if path.suffix.lower() != ".csv":
            raise ConfigError("data", str(path), "a file whose name ends in .csv or .parquet")
        with path.open(newline="", encoding="utf-8-sig") as file:
            found = next(csv.reader(file), [])
        _check_columns(path, found)
        texts = {name: pa.string() for name in (*REQUIRED, *OPTIONAL) if name in found}
        options = pa_csv.ConvertOptions(column_types=texts, include_columns=list(texts))
        return pa_csv.read_csv(path, convert_options=options)
    except (OSError, UnicodeDecodeError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ConfigError("data", str(path), f"a file that can be read: {error}") from error


def _check_columns(path: Path, found: list[str]) -> None:
    if missing := [name for name in REQUIRED if name not in found]:
        raise ConfigError("data", str(path), f"columns {', '.join(REQUIRED)}; missing: {', '.join(missing)}")


def _codes(path: Path, table: pa.Table, column: str) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the distinct texts of a column in the order they appear, and the index of each row's, -1 for none."""
    if column not in table.column_names:
        return np.empty(0, object), np.full(table.num_rows, -1, np.int64)
    texts = _cast(path, column, table[column].combine_chunks(), pa.string())
    encoded = pc.dictionary_encode(pc.if_else(pc.equal(texts, ""), None, texts))
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.array(encoded.dictionary.to_pylist(), dtype=object), codes


def _types(path: Path, table: pa.Table) -> NDArray[np.uint8]:
    names, codes = _codes(path, table, "event_type")
    organic = TYPE_NAMES[:FIRST_ACTIVITY_TYPE]
    numbers = [0]  # at the end, where index -1 finds it
    for code, name in reversed(list(enumerate(names.tolist()))):
        plain = _ALIASES.get(name.lower(), name.lower())
        if plain not in organic:
            raise _bad(path, "event_type", int(np.argmax(codes == code)), name, f"{', '.join(organic)} or empty")
        numbers.insert(0, organic.index(plain))
    return np.array(numbers, np.uint8)[codes]


def _numbers(path: Path, table: pa.Table, column: str, kind: Any, most: float) -> NDArray[Any]:
    """Return a column of numbers 0..most; nothing and NaN read as 0, but not in a required column."""
    if column not in table.column_names:
        return np.zeros(table.num_rows, kind.to_pandas_dtype())
    values = _cast(path, column, table[column].combine_chunks(), kind)
    if column in REQUIRED and values.null_count:
        raise _bad(path, column, pc.index(pc.is_null(values), True).as_py(), "", "a number")
    numbers: NDArray[Any] = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    if kind == pa.float64():
        numbers = np.nan_to_num(numbers, nan=0.0)
    wrong = (numbers < 0) | (numbers > most)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise _bad(path, column, row, numbers[row], f"0..{most:.0f}")
    return numbers


def _cast(path: Path, column: str, values: Any, kind: Any) -> Any:
    if pa.types.is_timestamp(values.type):
        values = pc.cast(values, pa.timestamp("ms"), safe=False)
    if pa.types.is_string(values.type) and kind != pa.string():
        texts = pc.utf8_trim_whitespace(values)
        values = pc.if_else(pc.equal(texts, ""), None, texts)
    try:
        return pc.cast(values, kind)
    except pa.ArrowInvalid:
        pass
    try:
        return pc.cast(pc.cast(values, pa.float64()), kind)  # 12.0 is a whole number too
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        row = next(row for row in range(len(values)) if not _fits(values[row], kind))
        allowed = "a whole number" if kind == pa.int64() else "text" if kind == pa.string() else "a number"
        raise _bad(path, column, row, values[row].as_py(), allowed) from None


def _fits(value: Any, kind: Any) -> bool:
    try:
        value.cast(pa.float64()).cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _bad(path: Path, column: str, row: int, value: object, allowed: str) -> ConfigError:
    return ConfigError(f"{path.name}: {column} in row {row + 1}", value, allowed)


def _translated(codes: NDArray[np.int64], old: NDArray[np.object_], new: NDArray[np.object_]) -> NDArray[np.int64]:
    found = pc.index_in(pa.array(old, pa.string()), value_set=pa.array(new, pa.string()))
    table = np.append(pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64), -1)
    return table[codes]
