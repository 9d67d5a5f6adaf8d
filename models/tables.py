"""Typed columns of anybody's file, with file, column and row in every complaint: what every command reads tables by.

Numbers are whole or not, decimals, booleans or texts of these; `,` is the decimal point where the separator of a CSV
leaves it free. Empty cells, NaN and the usual marks for none (NA, NaN, null) are no numbers; a text is none only where
it is empty, so that an activity may be called NA. Dictionaries read as what they hold. Lists, structs and the like are
refused by name, and so are two columns of one name.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.models.coded_texts import CodedTexts, coded_texts
from tideline.models.table_files import Source, Unreadable, one_line, open_table, printable
from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

LARGEST, LARGEST_WHOLE = 1e15, 2**53
_MOST_NAMED = 40
_NONE = pa.array(["", "na", "nan", "-nan", "null", "none", "n/a", "#n/a", "\\n"])
_BOOLEAN = {"true": "1", "false": "0"}
_SECONDS, _MICROS = (10**8, 10**11), 10**14
"""Milliseconds of 1970-01-02 to 1973, and of the year 5138: times in another unit."""


class Table:
    """One file's table. `option` is the flag that named the file."""

    def __init__(self, path: Path, option: str, rows: Source | None = None, before: int = 0) -> None:
        """`rows` are some of the file, behind so many others; None: all of them.

        Raises:
            ConfigError: the file cannot be read.
        """
        self._path = path
        self._option = option
        self._before = before
        try:
            self._source = open_table(path) if rows is None else rows
        except Unreadable as error:
            raise self._unreadable(error) from error
        self.names: list[str] = self._source.names
        self.rows: int = self._source.rows
        twice = [name for at, name in enumerate(self.names) if name and name in self.names[:at]]
        if twice:
            raise self.wrong(twice[0], "one column of each name")
        if self._source.note:
            print(f"{path}: {self._source.note}", file=sys.stderr, flush=True)

    def batches(self, names: Sequence[str], size: int) -> Iterator[Table]:
        """Yield some columns as tables of so many rows at most, whose complaints count the file's rows.

        A Parquet file is read as they are asked for; a CSV is in memory as a whole.

        Raises:
            ConfigError: the file is damaged.
        """
        done = 0
        try:
            for rows in self._source.batches(names, size):
                yield Table(self._path, self._option, rows, done)
                done += rows.rows
        except Unreadable as error:
            raise self._unreadable(error) from error
        if done != self.rows:
            allowed = f"columns of {self.rows:,} rows, as the file says; one has {done:,}"
            raise ConfigError(self._option, str(self._path), allowed)

    def taken(self, rows: NDArray[np.int64]) -> Any:
        """Return some rows of a table that `batches` yields as an Arrow table, in the file's types."""
        return self._source.parts[0].take(pa.array(rows))

    def need(self, names: Iterable[str], whose: str) -> None:
        """Raise ConfigError, which names all that are missing, unless every one of these columns is there."""
        missing = [name for name in names if name not in self.names]
        if missing:
            have = f"missing: {', '.join(missing)}; the columns are {_listed(self.names)}"
            raise ConfigError(self._option, str(self._path), f"{whose}; {have}")

    def strings(self, name: str) -> Any:
        """Return a column as an Arrow array of texts, null where it is empty; whole numbers are texts too.

        Raises:
            ConfigError: it is not there or holds something else.
        """
        column = self._column(name)
        if pa.types.is_floating(column.type):
            column = self._whole_texts(name, column)
        elif pa.types.is_decimal(column.type) and column.type.scale == 0:
            column = pa.array([None if each is None else str(each) for each in column.to_pylist()], pa.string())
        elif not _is_text(column.type):
            plain = pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
            if not (plain or pa.types.is_null(column.type)):
                raise self.wrong(name, f"texts; found {column.type}")
        texts = self._cast(name, column, pa.string(), "texts in UTF-8")
        return pc.if_else(pc.equal(texts, ""), None, texts)

    def coded(self, name: str, empty: str | None = None) -> CodedTexts:
        """Return a column as coded text; `empty` stands where there is none.

        Raises:
            ConfigError: it is not there, holds something else, or has an empty place for which nothing stands.
        """
        found = self.strings(name)
        if empty is None:
            self.require(name, pc.is_valid(found).to_numpy(zero_copy_only=False), "a text in every row")
        return coded_texts(pc.fill_null(found, empty or ""))

    def texts(self, name: str, empty: str | None = None) -> NDArray[np.str_]:
        """Return what `coded` does as an array of texts, which takes much more memory where they are long."""
        found = self.coded(name, empty)
        return found.names[found.code]

    def numbers(self, name: str, most: float = LARGEST) -> NDArray[np.float64]:
        """Return a column as numbers from -most to most, NaN where empty.

        Raises:
            ConfigError: it is not there or holds something else.
        """
        column = self._column(name)
        if _is_text(column.type):
            column = self._parsed(name, column)
        elif pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        elif pa.types.is_float16(column.type):
            column = pa.array(column.to_numpy(zero_copy_only=False).astype(np.float32))
        kind, of = column.type, pa.types
        if not any(each(kind) for each in (of.is_integer, of.is_floating, of.is_decimal, of.is_null)):
            raise self.wrong(name, f"numbers; found {kind}")
        if pa.types.is_integer(kind):
            column = pc.cast(column, pa.float64(), safe=False)
        found = self._cast(name, column, pa.float64(), "numbers").to_numpy(zero_copy_only=False)
        self.require(name, ~(np.abs(found) > most), f"numbers from -{most:g} to {most:g}")
        return np.asarray(found, np.float64)

    def whole(self, name: str, least: int, empty: int | None = None) -> NDArray[np.int64]:
        """Return a column of whole numbers from `least` to 2^53; `empty` stands where there is none.

        Raises:
            ConfigError: it is not there or holds something else.
        """
        values = self.numbers(name, np.inf)
        if empty is not None:
            values = np.where(np.isnan(values), float(empty), values)
        right = (values >= least) & (values <= LARGEST_WHOLE) & (values == np.rint(values))
        self.require(name, right, f"whole numbers from {least} on")
        return values.astype(np.int64)

    def binary(self, name: str) -> Any:
        """Return a column of bytes as an Arrow array.

        Raises:
            ConfigError: it is not there or holds something else.
        """
        column = self._column(name)
        if not (_is_text(column.type) or pa.types.is_null(column.type)):
            raise self.wrong(name, f"bytes; found {column.type}")
        return self._cast(name, column, pa.binary(), "bytes")

    def times(self, name: str, *, of_part: bool = False) -> NDArray[np.int64]:
        """Return a column of times as UTC epoch milliseconds: such numbers, dates, timestamps, or texts of these.

        Whether they are seconds is not guessed by a part of the rows: that is `check_unit`, once all are known.

        Raises:
            ConfigError: it is not there, holds something else, or seconds, microseconds or nanoseconds.
        """
        column = self._column(name)
        if _is_text(column.type):
            column = _moments(column)
        kind = column.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            column = self._cast(name, column, pa.timestamp("ms", getattr(kind, "tz", None)), "times")
            self.require(name, pc.is_valid(column).to_numpy(zero_copy_only=False), "a time in every row")
            found = np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
            self.require(name, (found >= 0) & (found < _MICROS), "times from 1970 on")
            return found
        values = self.numbers(name, np.inf)
        if values.size and (not of_part or values.min() >= _MICROS):
            self.check_unit(name, values.min(), values.max())
        return self.whole(name, 0)

    def check_unit(self, name: str, low: float, high: float) -> None:
        """Raise ConfigError where times between these two are hardly milliseconds."""
        if low >= _SECONDS[0] and high < _SECONDS[1]:
            raise self.wrong(name, f"milliseconds since 1970; {low:.0f} seems to be seconds: multiply by 1,000")
        if low >= _MICROS:
            raise self.wrong(name, f"milliseconds since 1970; {low:.0f} seems to be micro- or nanoseconds")

    def flags(self, name: str) -> NDArray[np.bool_]:
        """Return a column of 0 and 1, or true and false; empty is false. Raises ConfigError where it is none."""
        values = np.nan_to_num(self.numbers(name), nan=0.0)
        self.require(name, (values == 0) | (values == 1), "0 or 1")
        return values.astype(np.bool_)

    def require(self, name: str, right: NDArray[np.bool_], allowed: str) -> None:
        """Raise ConfigError with the first row that is not right; rows count from 1, the header not among them."""
        if not right.all():
            raise self.wrong(name, f"{allowed}; row {self._before + int(np.argmin(right)) + 1:,} is not")

    def wrong(self, name: str, allowed: str) -> ConfigError:
        """Return the complaint about a column."""
        return ConfigError(self._option, f"{self._path}: column {name}", allowed)

    def _unreadable(self, error: Unreadable) -> ConfigError:
        return ConfigError(self._option, str(self._path), f"a CSV or Parquet file that can be read ({error})")

    def _column(self, name: str) -> Any:
        if name not in self.names:
            raise self.wrong(name, f"it must be there; the columns are {_listed(self.names)}")
        try:
            column = self._source.column(name)
            column.validate(full=True)  # texts that are not UTF-8, offsets that lead nowhere
        except (Unreadable, pa.ArrowException) as error:
            raise self.wrong(name, f"a column that can be read ({one_line(error)})") from error
        if len(column) != self.rows:
            raise self.wrong(name, f"{self.rows:,} rows, as the file says; it has {len(column):,}")
        if isinstance(column.type, pa.BaseExtensionType):
            column = column.storage
        if pa.types.is_dictionary(column.type):
            column = self._cast(name, column, column.type.value_type, "a dictionary that can be read")
        if pa.types.is_nested(column.type):
            raise self.wrong(name, f"one value in each row; found {column.type}")
        return column

    def _whole_texts(self, name: str, column: Any) -> Any:
        """Return ids that were saved as floats, for the gaps among them, as the whole numbers they are."""
        values = column.to_numpy(zero_copy_only=False).astype(np.float64)
        none = np.isnan(values)
        with np.errstate(invalid="ignore"):
            right = none | ((values == np.rint(values)) & (np.abs(values) <= LARGEST_WHOLE))
        self.require(name, right, "texts or whole numbers")
        return pa.array(np.where(none, 0.0, values).astype(np.int64), mask=none)

    def _parsed(self, name: str, column: Any) -> Any:
        texts = pc.utf8_trim_whitespace(self._cast(name, column, pa.string(), "texts in UTF-8"))
        lower = pc.utf8_lower(texts)
        texts = pc.if_else(pc.is_in(lower, value_set=_NONE), None, texts)
        for word, digit in _BOOLEAN.items():
            texts = pc.if_else(pc.equal(lower, word), digit, texts)
        for candidate in (texts, pc.replace_substring(texts, ",", ".")):
            try:
                return pc.cast(candidate, pa.float64())
            except pa.ArrowInvalid:
                if not self._source.decimal_comma:
                    break
        row = next(row for row in range(len(texts)) if not _is_number(texts[row]))
        raise self.wrong(name, f"numbers; row {self._before + row + 1:,} has {_short(texts[row].as_py())!r}")

    def _cast(self, name: str, column: Any, kind: Any, allowed: str) -> Any:
        try:
            return pc.cast(column, kind, safe=not pa.types.is_timestamp(kind))
        except (pa.ArrowException, ValueError, OverflowError) as error:
            raise self.wrong(name, f"{allowed} ({one_line(error)})") from error


def _is_text(kind: Any) -> bool:
    of = pa.types
    kinds = (of.is_string, of.is_large_string, of.is_binary, of.is_large_binary, of.is_fixed_size_binary)
    return any(each(kind) for each in kinds)


def _is_number(text: Any) -> bool:
    try:
        text.cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _moments(column: Any) -> Any:
    """Return texts as timestamps where all of them are dates or times as ISO 8601 has them, else as they are."""
    for kind in (pa.timestamp("ms"), pa.timestamp("ms", "UTC")):
        try:
            return pc.cast(pc.utf8_trim_whitespace(column.cast(pa.string())), kind)
        except pa.ArrowException:
            continue
    return column


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _MOST_NAMED else f"{text[:_MOST_NAMED]}..."


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(_short(name) for name in names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED:,} more"
