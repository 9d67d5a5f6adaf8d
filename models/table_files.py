"""The bytes of a table's file as Arrow columns: CSV as people write it, and Parquet.

A CSV has a header. Its separator is a comma, semicolon, tab or pipe, whichever the header has most of; its text is
UTF-8, UTF-16 or UTF-32 (with a byte order mark, or UTF-16 without), or else read as Windows-1252, which is told. Every
cell is read as text. Parquet is known by its content, whatever the file is called, and may be a folder of files, as
Spark writes it. Both may be gzip files, and `-` is standard input.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from pyarrow import csv
from pyarrow import parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEPARATORS = ",;\t|"
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
_PEEKED = 4096
_LONGEST = 300


class Unreadable(Exception):
    """The bytes are no table; the message says why, in one line."""


class Source(NamedTuple):
    """A table that is opened: its columns' names in order, rows, and where columns come from."""

    names: list[str]
    rows: int
    parts: Sequence[Any]
    """Tables, or Parquet files whose columns are read when they are asked for."""
    is_text: bool
    """Whether every cell is text (a CSV)."""
    decimal_comma: bool
    note: str
    """What people should know of how it was read; may be empty."""

    def column(self, name: str) -> Any:
        """Return a column as one Arrow array.

        Raises:
            Unreadable: the file is damaged there.
        """
        try:
            parts = [part.read(columns=[name]) if isinstance(part, pq.ParquetFile) else part for part in self.parts]
            chunks = [each for part in parts for each in part.column(name).chunks]
            if not chunks:
                return pa.array([], parts[0].schema.field(name).type)
            return pa.concat_arrays([chunk.cast(chunks[0].type) for chunk in chunks])
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise Unreadable(one_line(error)) from error

    def batches(self, names: Sequence[str], size: int) -> Iterator[Source]:
        """Yield so many rows of some columns at a time.

        Raises:
            Unreadable: the file is damaged there.
        """
        wanted = list(names)
        try:
            for part in self.parts:
                if isinstance(part, pq.ParquetFile):
                    batches = part.iter_batches(size, columns=wanted)
                else:
                    batches = part.select(wanted).to_batches(size)
                for batch in batches:
                    rows = pa.Table.from_batches([batch])
                    yield self._replace(names=wanted, rows=rows.num_rows, parts=[rows], note="")
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise Unreadable(one_line(error)) from error


def open_table(path: Path) -> Source:
    """Return the table of a file, a folder of Parquet files, or `-` for standard input.

    Raises:
        Unreadable: it cannot be read or is no table.
    """
    try:
        if path.is_dir():
            parts = sorted(each for each in path.rglob("*") if each.is_file() and each.name[0] not in "._")
            if not parts:
                raise Unreadable("the folder has no files")
            return _parquet([_opened(each) for each in parts])
        if str(path) != "-" and _starts_with(path, _PARQUET):
            return _parquet([_opened(path)])
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        if data[:2] == _GZIP:
            data = gzip.decompress(data)
        if data[:4] == _PARQUET:
            return _parquet([_opened(pa.BufferReader(data))])
        return _csv(data)
    except (OSError, EOFError, ValueError, zlib.error, pa.ArrowException) as error:
        raise Unreadable(one_line(error)) from error


def one_line(error: BaseException) -> str:
    """Return the message of an error without line breaks or control characters, cut to what people read."""
    clean = printable(" ".join(str(error).split())) or type(error).__name__
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}..."


def printable(text: str) -> str:
    """Return a text without line breaks and control characters, as it may be shown on a terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _opened(file: Any) -> Any:
    """Return a Parquet file; where its pages have checksums, as ours do, reading one that is damaged raises OSError."""
    return pq.ParquetFile(file, page_checksum_verification=True)


def _parquet(files: list[Any]) -> Source:
    names = files[0].schema_arrow.names
    for file in files[1:]:
        if file.schema_arrow.names != names:
            raise Unreadable("its files have different columns")
    return Source(names, sum(file.metadata.num_rows for file in files), files, False, False, "")


def _csv(data: bytes) -> Source:
    data, note = _utf8(data)
    header = data[:_PEEKED].decode("utf-8", "ignore")
    if not header.strip():
        raise Unreadable("it is empty")
    separator = _separator(header)
    parsing = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    first = csv.open_csv(io.BytesIO(data), parse_options=parsing, read_options=csv.ReadOptions(block_size=_block(data)))
    given = first.schema.names
    # Names that come twice are refused by who reads them; until then each has one of its own.
    own = [f"{at}" for at in range(len(given))]
    table = csv.read_csv(
        io.BytesIO(data),
        parse_options=parsing,
        read_options=csv.ReadOptions(column_names=own, skip_rows_after_names=1, block_size=_block(data)),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(own, pa.string()), strings_can_be_null=False),
    )
    names = [name.strip() for name in given]
    note += "" if separator == "," else f"{', ' if note else ''}separated by {separator!r}"
    return Source(names, table.num_rows, [table.rename_columns(names)], True, separator != ",", note)


def _block(data: bytes) -> int:
    """Return a block size that holds any row: a cell with line breaks may be long."""
    return max(min(len(data), 1 << 26), 1 << 20)


def _utf8(data: bytes) -> tuple[bytes, str]:
    """Return the text as UTF-8 without a byte order mark, and what had to be assumed for it."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name).encode(), name.upper()
    data = data.removeprefix(b"\xef\xbb\xbf")
    peeked = data[:_PEEKED]
    if peeked[1::2].count(0) > len(peeked) // 3 or peeked[0::2].count(0) > len(peeked) // 3:
        name = "utf-16-le" if peeked[1::2].count(0) > len(peeked) // 3 else "utf-16-be"
        return data.decode(name).encode(), name.upper()
    if b"\0" in data:
        raise Unreadable("it has bytes of 0: neither text nor Parquet")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.decode("cp1252", "replace").encode(), f"not UTF-8 (byte {error.start:,}), so read as Windows-1252"
    return data, ""


def _separator(text: str) -> str:
    """Return the separator that the header has most of outside quotes; a comma where it has none."""
    counts, quoted = dict.fromkeys(SEPARATORS, 0), False
    for each in text.lstrip("\r\n"):
        if each == '"':
            quoted = not quoted
        elif not quoted and each in "\r\n":
            break
        elif not quoted and each in counts:
            counts[each] += 1
    return max(counts, key=lambda each: counts[each])
