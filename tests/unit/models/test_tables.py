"""One reader of tables for every command."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError


def parquet_file(folder: Path, name: str = "t.parquet", **columns: Any) -> Path:
    path = folder / name
    parquet.write_table(pa.table(columns), path)
    return path


def refusal(path: Path, column: str, read: str = "numbers") -> str:
    with pytest.raises(ConfigError) as caught:
        getattr(Table(path, "--log"), read)(column)
    message = str(caught.value)
    assert path.name in message
    assert column in message
    assert "\n" not in message
    return message


def test_a_decimal_comma_is_read_where_the_separator_leaves_it_free(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("action;reward\na;0,25\nb;1\n")
    assert Table(path, "--log").numbers("reward").tolist() == [0.25, 1.0]


def test_numbers_are_read_from_every_type_that_holds_them(tmp_path: Path) -> None:
    """Contract: decimals, small floats, booleans and dictionaries too; nothing and NaN are NaN."""
    kinds = {
        "decimal": pa.array([Decimal("0.5"), None]),
        "half": pa.array(np.array([0.5, np.nan], np.float16)),
        "single": pa.array([0.5, None], pa.float32()),
        "category": pa.array([0.5, None]).dictionary_encode(),
        "text": pa.array(["0.5", "NaN"]),
    }
    path = tmp_path / "t.parquet"
    half = kinds.pop("half")
    parquet.write_table(pa.table({**kinds, "whole": pa.array([1, 0], pa.uint8()), "flag": [True, False]}), path)
    table = Table(path, "--log")
    for name in kinds:
        assert table.numbers(name)[0] == 0.5, name
        assert np.isnan(table.numbers(name)[1]), name
    assert table.numbers("whole").tolist() == table.numbers("flag").tolist() == [1.0, 0.0]
    assert table.flags("flag").tolist() == [True, False]
    assert half.type == pa.float16()  # Parquet of pyarrow 16 does not hold them


def test_texts_are_read_from_every_type_that_holds_them(tmp_path: Path) -> None:
    """Contract: categories of pandas, bytes of Spark, whole numbers however they are kept; NaN is none."""
    frame = pd.DataFrame({"category": pd.Categorical(["a", None]), "float": [214536502.0, np.nan], "whole": [7, 8]})
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    table = Table(path, "--log")
    assert table.strings("category").to_pylist() == ["a", None]
    assert table.strings("float").to_pylist() == ["214536502", None]
    assert table.strings("whole").to_pylist() == ["7", "8"]
    path = parquet_file(tmp_path, bytes=[b"a", b"\xff"], decimal=[Decimal(5), None], real=[1.5, 2.0])
    assert Table(path, "--log").strings("decimal").to_pylist() == ["5", None]
    assert "texts in UTF-8" in refusal(path, "bytes", "strings")
    assert "texts or whole numbers; row 1" in refusal(path, "real", "strings")


def test_times_are_numbers_dates_and_timestamps(tmp_path: Path) -> None:
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    ms = 1_795_348_800_000
    path = parquet_file(
        tmp_path, date=[date(2026, 11, 22)], aware=[at], naive=[at.replace(tzinfo=None)], ms=[ms], text=[str(at)],
        seconds=[ms // 1000], none=pa.array([None], pa.timestamp("ns")),
    )  # fmt: skip
    table = Table(path, "--log")
    assert table.times("date").tolist() == [ms - 43_200_000]
    assert [table.times(name).tolist() for name in ("aware", "naive", "ms", "text")] == [[ms]] * 4
    assert "seems to be seconds" in refusal(path, "seconds", "times")
    assert "a time in every row; row 1" in refusal(path, "none", "times")
    assert "numbers; found date32[day]" in refusal(path, "date")


@pytest.mark.parametrize("values", [[["x"]], [{"x": 1}], pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))])
def test_lists_structs_and_maps_are_refused_by_name(values: Any, tmp_path: Path) -> None:
    path = parquet_file(tmp_path, nested=values)
    for read in ("numbers", "strings", "times", "flags"):
        assert "one value in each row; found" in refusal(path, "nested", read)


def test_two_columns_of_one_name_are_refused_by_name(tmp_path: Path) -> None:
    path, other = tmp_path / "t.csv", tmp_path / "t.parquet"
    path.write_text("action,reward,propensity,reward\na,0,0.5,1\n")
    parquet.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["reward", "reward"]), other)
    for each in (path, other):
        with pytest.raises(ConfigError, match=r"column reward.*one column of each name"):
            Table(each, "--log")


def test_a_missing_column_is_refused_with_those_there_are(tmp_path: Path) -> None:
    path = parquet_file(tmp_path, a=[1], b=[1])
    assert "the columns are a, b" in refusal(path, "c")
    with pytest.raises(ConfigError, match="the log's columns; missing: c, d; the columns are a, b"):
        Table(path, "--log").need(("a", "c", "d"), "the log's columns")


def test_texts_that_are_no_utf8_are_refused_where_parquet_promises_them(tmp_path: Path) -> None:
    """Contract: bytes of another encoding under the type of a text, as some writers leave them."""
    wrong = pa.StringArray.from_buffers(1, pa.py_buffer(b"\x00\x00\x00\x00\x03\x00\x00\x00"), pa.py_buffer(b"wil\xe4"))
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\x00\x00\x00\x00\x04\x00\x00\x00"), pa.py_buffer(b"wil\xe4"))
    assert Table(parquet_file(tmp_path, a=wrong), "--log").texts("a").tolist() == ["wil"]
    assert "a column that can be read" in refusal(parquet_file(tmp_path, a=bad), "a", "texts")


@pytest.mark.parametrize("name", ["log.parquet", "log.csv"])
def test_rows_come_a_few_at_a_time_with_their_numbers_in_the_file(name: str, tmp_path: Path) -> None:
    """Contract: all rows in their order, of the columns that are asked for; a complaint names the row of the file."""
    frame = pd.DataFrame({"a": range(10), "b": [1] * 7 + [5] + [1] * 2, "c": ["x"] * 10})
    frame.to_parquet(tmp_path / name) if name.endswith("parquet") else frame.to_csv(tmp_path / name, index=False)
    batches = list(Table(tmp_path / name, "--log").batches(["b", "a"], 4))
    assert [batch.names for batch in batches] == [["b", "a"]] * len(batches)
    assert max(batch.rows for batch in batches) <= 4
    assert np.concatenate([batch.numbers("a") for batch in batches]).tolist() == list(range(10))
    wrong = next(batch for batch in batches if batch.numbers("b").max() > 1)
    with pytest.raises(ConfigError, match="row 8 is not"):
        wrong.flags("b")
