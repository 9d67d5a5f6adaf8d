"""Typed columns of CSV and Parquet files, with the row and column in every complaint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from udfs.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_TEXTS = ("action", "decision_id", "user_id", "policy")


class Columns:
    """One file's table. `option` is the flag that named the file."""

    def __init__(self, path: Path, option: str) -> None:
        self._path = path
        self._option = option
        self._table = self._read()
        self.names: list[str] = self._table.column_names
        self.rows: int = self._table.num_rows

    def _read(self) -> Any:
        try:
            if self._path.suffix == ".parquet":
                return parquet.read_table(self._path)
            texts = csv.ConvertOptions(column_types=dict.fromkeys(_TEXTS, pa.string()), strings_can_be_null=True)
            return csv.read_csv(self._path, convert_options=texts)
        except (OSError, pa.ArrowException) as error:
            raise ConfigError(
                self._option, str(self._path), f"a CSV or .parquet file that can be read ({error})"
            ) from error

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column as numbers, NaN where empty.

        Raises:
            ConfigError: it is not there or holds something else.
        """
        column = self._column(name)
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_null(column.type)):
            raise self.wrong(name, f"numbers; found {column.type}")
        found: NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return found

    def whole(self, name: str, least: int) -> NDArray[np.int64]:
        """Return a column of whole numbers from `least` on.

        Raises:
            ConfigError: it is not there or holds something else.
        """
        values = self.numbers(name)
        self.require(name, (values >= least) & (values == np.rint(values)), f"whole numbers from {least} on")
        return values.astype(np.int64)

    def texts(self, name: str) -> NDArray[Any]:
        """Return a column as text.

        Raises:
            ConfigError: it is not there or has an empty place.
        """
        column = pc.cast(self._column(name), pa.string())
        filled = pc.fill_null(column, "")
        self.require(name, pc.not_equal(filled, "").to_numpy(zero_copy_only=False), "a text in every row")
        return np.asarray(filled.to_numpy(zero_copy_only=False), np.str_)

    def require(self, name: str, right: NDArray[np.bool_], allowed: str) -> None:
        """Raise ConfigError with the first row that is not right; rows count from 1, the header not among them."""
        if not right.all():
            raise self.wrong(name, f"{allowed}; row {int(np.argmin(right)) + 1:,} is not")

    def wrong(self, name: str, allowed: str) -> ConfigError:
        """Return the complaint about a column."""
        return ConfigError(self._option, f"{self._path}: column {name}", allowed)

    def _column(self, name: str) -> Any:
        if name not in self.names:
            raise self.wrong(name, f"it must be there; the columns are {', '.join(self.names[:40])}")
        return self._table.column(name).combine_chunks()
