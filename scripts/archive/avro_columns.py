"""Avro records of one kind as columns of a table, thousands at a time and field by field.

numpy steps through all records side by side: a field costs them one pass, where a reader of single records makes an
object of each value. A record that does not read smoothly is left to that reader, which says what is wrong with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from tideline.schemas.records import HEADER_BYTES, MAX_VALUE_BYTES, wire_header
from tideline.schemas.registry import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.schemas.records import RecordCodec

    Ints = NDArray[np.int64]

_MOST_VARINT_BYTES = 10
_PADDING = bytes(16)
"""What a number that is cut short at the very end is read from."""
_TYPES = {
    "string": pa.string(),
    "bytes": pa.binary(),
    "int": pa.int64(),
    "long": pa.int64(),
    "boolean": pa.bool_(),
    "double": pa.float64(),
}
_NULL = "null"


class _Field(NamedTuple):
    name: str
    kind: Any
    is_array: bool
    is_optional: bool
    default: Any


class _Cursor:
    """Many records laid end to end, and where each has been read to; `odd` are those that do not read smoothly."""

    def __init__(self, values: Sequence[bytes]) -> None:
        sizes = np.fromiter(map(len, values), np.int64, len(values))
        self.data = np.frombuffer(b"".join((*values, _PADDING)), np.uint8)
        self.ends = np.cumsum(sizes)
        self.at = self.ends - sizes + HEADER_BYTES
        self.odd = np.zeros(len(values), np.bool_)

    def whole(self, rows: Ints) -> Ints:
        """Return the next number of each row as Avro writes it: zigzag, seven bits a byte."""
        at = self._inside(rows)
        byte = self.data[at]
        number = (byte & 0x7F).astype(np.uint64)
        used = np.ones(len(rows), np.int64)
        more = np.flatnonzero(byte > 0x7F)
        for place in range(1, _MOST_VARINT_BYTES):
            if not more.size:
                break
            byte = self.data[np.minimum(at[more] + place, len(self.data) - 1)]
            number[more] |= (byte & 0x7F).astype(np.uint64) << np.uint64(7 * place)
            used[more] += 1
            more = more[byte > 0x7F]
        self.odd[rows[more]] = True
        self.at[rows] += used
        return (number >> np.uint64(1)).astype(np.int64) ^ -(number & np.uint64(1)).astype(np.int64)

    def texts(self, rows: Ints) -> tuple[Ints, Ints]:
        """Return where the next text of each row starts, and how many bytes it has."""
        sizes = self.whole(rows)
        starts, left = self.at[rows], self.ends[rows] - self.at[rows]
        wrong = (sizes < 0) | (sizes > left)
        self.odd[rows[wrong]] = True
        sizes = np.where(wrong, 0, sizes)
        self.at[rows] += sizes
        return starts, sizes

    def doubles(self, rows: Ints) -> NDArray[np.float64]:
        """Return the next eight bytes of each row as a number."""
        at = np.minimum(self._inside(rows), len(self.data) - 8)
        found = self.data[at[:, None] + np.arange(8)]
        self.at[rows] += 8
        return np.ascontiguousarray(found).view("<f8").reshape(-1)

    def bits(self, rows: Ints) -> NDArray[np.bool_]:
        """Return the next byte of each row, which is 0 or 1."""
        found = self.data[self._inside(rows)]
        self.odd[rows[found > 1]] = True
        self.at[rows] += 1
        return found.astype(np.bool_)

    def present(self, rows: Ints) -> NDArray[np.bool_]:
        """Return in which rows an optional field has a value."""
        branch = self.whole(rows)
        is_there: NDArray[np.bool_] = branch == 1
        self.odd[rows[~is_there & (branch != 0)]] = True
        return is_there

    def _inside(self, rows: Ints) -> Ints:
        return np.minimum(self.at[rows], len(self.data) - 1)


def columns_of(codec: RecordCodec, values: Sequence[bytes]) -> pa.Table:
    """Return a row for each value with the fields of the newest version but its arrays of texts, whole numbers int64.

    Fields that its writer did not know have their defaults.

    Raises:
        InvalidRecord: a value is not one of the record's; which is the first such, as `codec.decode` says it.
    """
    fields = _fields(shipped().newest(codec.name).raw)
    layouts = {wire_header(each.schema_id): _fields(each.raw) for each in shipped().versions_of(codec.name)}
    heads = [value[:HEADER_BYTES] if len(value) <= MAX_VALUE_BYTES else b"" for value in values]
    parts, order = [], []
    slow = []
    for head in sorted(set(heads)):
        rows = [row for row, each in enumerate(heads) if each == head]
        if head not in layouts:
            slow += rows
            continue
        cursor = _Cursor([values[row] for row in rows])
        part = _read(cursor, layouts[head], fields)
        if part is None:
            slow += rows
            continue
        smooth = np.flatnonzero(~cursor.odd)
        parts.append(part if smooth.size == len(rows) else part.take(pa.array(smooth)))
        order.append(np.array(rows)[smooth])
        slow += np.array(rows)[cursor.odd].tolist()
    slow.sort()
    schema = pa.schema([(each.name, _TYPES[each.kind]) for each in fields if not each.is_array])
    parts.append(_one_by_one(codec, [values[row] for row in slow], schema))
    order.append(np.array(slow, np.int64))
    table = pa.concat_tables(parts).combine_chunks()
    return table if len(parts) == 1 else table.take(pa.array(np.argsort(np.concatenate(order))))


def _one_by_one(codec: RecordCodec, values: Sequence[bytes], schema: pa.Schema) -> pa.Table:
    rows = [codec.decode(value) for value in values]
    return pa.table({name: pa.array([row[name] for row in rows], schema.field(name).type) for name in schema.names})


def _fields(raw: dict[str, Any]) -> list[_Field]:
    found = []
    for field in raw["fields"]:
        kind, is_array = field["type"], False
        if isinstance(kind, dict):
            is_array, kind = True, kind["items"]
        is_optional = isinstance(kind, list)
        kind = next(each for each in kind if each != _NULL) if is_optional else kind
        found.append(_Field(field["name"], kind, is_array, is_optional, field.get("default")))
    return found


def _read(cursor: _Cursor, written: Sequence[_Field], wanted: Sequence[_Field]) -> pa.Table | None:
    """Return the columns of records that were written alike; None where a text among them is no UTF-8."""
    rows = np.arange(len(cursor.ends))
    found: dict[str, Any] = {}
    for field in written:
        if field.is_array:
            _pass_array(cursor, rows, field)
        else:
            found[field.name] = _column(cursor, rows, field)
    cursor.odd |= cursor.at != cursor.ends
    for field in wanted:
        if not field.is_array and field.name not in found:
            found[field.name] = pa.repeat(pa.scalar(field.default, _TYPES[field.kind]), len(rows))
    try:
        for column in found.values():
            column.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return pa.table({field.name: found[field.name] for field in wanted if not field.is_array})


def _pass_array(cursor: _Cursor, rows: Ints, field: _Field) -> None:
    starts = cursor.at.copy()
    left = np.zeros(len(rows), np.int64)
    going = rows
    while going.size:
        ended = left[going] == 0
        if ended.any():
            at_head = going[ended]
            counts = cursor.whole(at_head)
            cursor.odd[at_head[counts < 0]] = True  # blocks with their size in bytes: nobody here writes them
            left[at_head] = np.maximum(counts, 0)
            going = going[left[going] > 0]
        going = going[cursor.at[going] <= cursor.ends[going]]
        cursor.texts(going[cursor.present(going)] if field.is_optional else going)
        left[going] -= 1
    # What is passed over is looked at no closer where it is plain: a byte above ASCII may be no UTF-8.
    spans = np.minimum(np.stack([starts, cursor.at], axis=1).ravel(), len(cursor.data) - 1)
    cursor.odd |= np.bitwise_or.reduceat(cursor.data, spans)[::2] > 0x7F


def _column(cursor: _Cursor, rows: Ints, field: _Field) -> Any:
    if not field.is_optional:
        return _value(cursor, rows, field.kind)
    present = cursor.present(rows)
    found = _value(cursor, rows[present], field.kind)
    if present.all():
        return found
    places = pa.array(np.cumsum(present) - 1, mask=~present)
    return found.take(places) if present.any() else pa.nulls(len(rows), _TYPES[field.kind])


def _value(cursor: _Cursor, rows: Ints, kind: str) -> Any:
    if kind in ("int", "long"):
        return pa.array(cursor.whole(rows))
    if kind == "double":
        return pa.array(cursor.doubles(rows))
    if kind == "boolean":
        return pa.array(cursor.bits(rows))
    starts, sizes = cursor.texts(rows)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    data = cursor.data[np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])]
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
    return pa.Array.from_buffers(_TYPES[kind], len(rows), buffers)
