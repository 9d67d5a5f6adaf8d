"""Files of tables as people write them."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.damage import flip_a_byte
from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError

TEXT = "action,reward,note\nDE,0.5,\nNA,1,crème\n"


def parquet_file(folder: Path, name: str = "t.parquet", **columns: Any) -> Path:
    path = folder / name
    parquet.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("zipped", [False, True])
def test_any_usual_separator_encoding_and_gzip_read_the_same(
    separator: str, encoding: str, zipped: bool, tmp_path: Path
) -> None:
    """Contract: the texts are the same, and NA is a text like any other."""
    data = TEXT.replace(",", separator).encode(encoding)
    path = tmp_path / "t.txt"
    path.write_bytes(gzip.compress(data) if zipped else data)
    table = Table(path, "--log")
    assert table.names == ["action", "reward", "note"]
    assert table.texts("action").tolist() == ["DE", "NA"]
    assert table.numbers("reward").tolist() == [0.5, 1.0]
    assert table.strings("note").to_pylist() == [None, "crème"]


def test_what_had_to_be_assumed_of_a_text_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(TEXT.replace(",", ";").encode("latin-1"))
    Table(path, "--log")
    said = capsys.readouterr().err
    assert "Windows-1252" in said
    assert "';'" in said


@pytest.mark.parametrize("flipped", ["a", "b"])
def test_a_page_that_is_damaged_is_refused_with_its_file(flipped: str, tmp_path: Path) -> None:
    """Contract: in one line, where its pages have checksums; it is not said to be the first column's."""
    path = tmp_path / "t.parquet"
    table = pa.table({"a": [0.5 * each for each in range(1_000)], "b": list(range(1_000))})
    parquet.write_table(table, path, compression="none", use_dictionary=False, write_page_checksum=True)
    assert Table(path, "--log").numbers("b").tolist() == list(range(1_000))
    flip_a_byte(path, flipped)
    with pytest.raises(ConfigError, match=f"{path}: column {flipped}' .*CRC checksum verification failed"):
        Table(path, "--log").numbers(flipped)
    with pytest.raises(ConfigError) as caught:
        list(Table(path, "--log").batches(["a", "b"], 100))
    assert "CRC checksum verification failed" in str(caught.value)
    assert str(path) in str(caught.value)
    assert "column" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["t.parquet", "t.PARQUET", "t.pq", "t", "t.csv"])
def test_parquet_is_known_by_its_content(name: str, tmp_path: Path) -> None:
    assert Table(parquet_file(tmp_path, name, a=[1, 2]), "--log").numbers("a").tolist() == [1.0, 2.0]


def test_a_gzipped_parquet_a_folder_of_spark_and_standard_input_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spark"
    folder.mkdir()
    parquet_file(folder, "part-0.snappy.parquet", a=[1, 2])
    parquet_file(folder, "part-1.snappy.parquet", a=[3])
    (folder / "_SUCCESS").write_text("")
    assert Table(folder, "--log").numbers("a").tolist() == [1.0, 2.0, 3.0]
    zipped = tmp_path / "a.parquet.gz"
    zipped.write_bytes(gzip.compress((folder / "part-1.snappy.parquet").read_bytes()))
    assert Table(zipped, "--log").numbers("a").tolist() == [3.0]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert Table(Path("-"), "--log").texts("action").tolist() == ["DE", "NA"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"PAR1", b"PAR1" * 9, b"\x1f\x8b\x08", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9],
     b"a,b\n1\n", b"a\0b\n1\n", b"\xff\xfea", b'a,"b\n1,2\n'],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_one_line(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="a CSV or Parquet file that can be read") as caught:
        Table(path, "--log").numbers("b")
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
