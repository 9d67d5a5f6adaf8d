"""Sequences of events: the one form in which training, baselines and evaluation see data, and the file it is read from.

A file is CSV or Parquet, as `models/tables.py` reads them, with a row for each event:

    sequence_id   text: user or session; required, not empty; may be called session_id or user_id
    item_id       text: what the event is about; required, empty = nothing, as for a search
    ts_ms         UTC epoch milliseconds, or a date or timestamp; required
    event_type    optional: view (the default), search, add_to_cart or purchase; may be called type
    category      optional text; empty = none
    price         optional number: price of one unit, at least 0; empty = none
    quantity      optional whole number of units, at least 0; empty = none

Rows may come in any order; events of one sequence with equal times keep the order they have in the file. Other columns
are not read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.models.tables import Table
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, TYPE_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

REQUIRED = ("sequence_id", "item_id", "ts_ms")
SPELLINGS = {
    "sequence_id": ("sequence_id", "session_id", "user_id"),
    "item_id": ("item_id",),
    "ts_ms": ("ts_ms",),
    "event_type": ("event_type", "type"),
    "category": ("category",),
    "price": ("price",),
    "quantity": ("quantity",),
}
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


def read(path: Path, option: str = "--data") -> Sequences:
    """Read a file in the format above.

    Raises:
        ConfigError: the file cannot be read, lacks a column, or has a value that is not allowed; names file, column
            and the first bad row, counted from 1 without the header.
    """
    return sequences_in(Table(path, option))


def sequences_in(table: Table) -> Sequences:
    """Return the events of a table, see `read`."""
    named = _named(table)
    table.need([name for name in REQUIRED if name not in named], f"columns {', '.join(REQUIRED)}")
    if not table.rows:
        raise table.wrong(named["ts_ms"], "at least one event")
    names, sequence = _codes(table, named["sequence_id"])
    table.require(named["sequence_id"], sequence >= 0, "a text in every row")
    item_names, item = _codes(table, named["item_id"])
    category_names, category = _codes(table, named.get("category"))
    ts_ms = table.times(named["ts_ms"])
    order = np.lexsort((ts_ms, sequence))
    return Sequences(
        starts=np.searchsorted(sequence[order], np.arange(names.size + 1)),
        names=names,
        item=item[order],
        category=category[order],
        type=_types(table, named.get("event_type"))[order],
        ts_ms=ts_ms[order],
        price=_numbers(table, named.get("price"), _DEAREST, whole=False)[order].astype(np.float32),
        quantity=_numbers(table, named.get("quantity"), _MOST_UNITS, whole=True)[order].astype(np.int64),
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


def _named(table: Table) -> dict[str, str]:
    """Return the file's column for each of ours that it has; the first spelling that is there."""
    found = {}
    for name, spellings in SPELLINGS.items():
        there = next((each for each in spellings if each in table.names), None)
        if there is not None:
            found[name] = there
    return found


def _codes(table: Table, column: str | None) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the distinct texts of a column in the order they appear, and the index of each row's, -1 for none."""
    if column is None:
        return np.empty(0, object), np.full(table.rows, -1, np.int64)
    encoded = pc.dictionary_encode(table.strings(column))
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.array(encoded.dictionary.to_pylist(), dtype=object), codes


def _types(table: Table, column: str | None) -> NDArray[np.uint8]:
    names, codes = _codes(table, column)
    organic = TYPE_NAMES[:FIRST_ACTIVITY_TYPE]
    numbers = [0]  # at the end, where index -1 finds it
    for code, name in reversed(list(enumerate(names.tolist()))):
        plain = _ALIASES.get(name.lower(), name.lower())
        if plain not in organic:
            table.require(str(column), codes != code, f"{', '.join(organic)} or empty")
        numbers.insert(0, organic.index(plain))
    return np.array(numbers, np.uint8)[codes]


def _numbers(table: Table, column: str | None, most: float, *, whole: bool) -> NDArray[Any]:
    """Return a column of numbers 0..most; nothing and NaN read as 0."""
    if column is None:
        return np.zeros(table.rows)
    numbers = table.whole(column, 0, empty=0) if whole else np.nan_to_num(table.numbers(column), nan=0.0)
    table.require(column, (numbers >= 0) & (numbers <= most), f"numbers 0..{most:.0f}")
    return numbers


def _translated(codes: NDArray[np.int64], old: NDArray[np.object_], new: NDArray[np.object_]) -> NDArray[np.int64]:
    found = pc.index_in(pa.array(old, pa.string()), value_set=pa.array(new, pa.string()))
    table = np.append(pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64), -1)
    return table[codes]
