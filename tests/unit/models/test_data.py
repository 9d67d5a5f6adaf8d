import csv
import datetime
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from tideline.models.data import Sequences, owners, read, recoded
from tideline.schemas.errors import ConfigError

COLUMNS = ("sequence_id", "item_id", "ts_ms", "event_type", "category", "price", "quantity")
ROWS: list[tuple[Any, ...]] = [
    ("b", "i2", 50, "view", "c1", 1.5, ""),
    ("a", "i1", 40, "purchase", "", 2.0, 3),
    ("b", "", 10, "search", "c2", "", ""),
    ("a", "i3", 40, "add_to_cart", "c1", "", 1),
    ("b", "i1", 50, "", "c1", 0.0, 0),
]


def csv_file(folder: Path, rows: list[tuple[Any, ...]], columns: tuple[str, ...] = COLUMNS) -> Path:
    path = folder / "events.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def as_rows(data: Sequences) -> list[tuple[Any, ...]]:
    """Every event as (sequence, item, ts_ms, type, category, price, quantity), None for none."""
    items, categories = [*data.item_names, None], [*data.category_names, None]
    return [
        (data.names[s], items[i], int(ts), int(kind), categories[c], float(price), int(units))
        for s, i, ts, kind, c, price, units in zip(
            owners(data), data.item, data.ts_ms, data.type, data.category, data.price, data.quantity, strict=True
        )
    ]


def test_a_csv_file_is_read_by_sequence_then_time_then_place_in_the_file(tmp_path: Path) -> None:
    data = read(csv_file(tmp_path, ROWS))
    assert as_rows(data) == [
        ("b", None, 10, 1, "c2", 0.0, 0),
        ("b", "i2", 50, 0, "c1", 1.5, 0),
        ("b", "i1", 50, 0, "c1", 0.0, 0),
        ("a", "i1", 40, 3, None, 2.0, 3),
        ("a", "i3", 40, 2, "c1", 0.0, 1),
    ]
    assert data.starts.tolist() == [0, 3, 5]
    dtypes = [array.dtype.name for array in (data.item, data.type, data.ts_ms, data.price, data.quantity)]
    assert dtypes == ["int64", "uint8", "int64", "float32", "int64"]


def test_parquet_and_csv_of_the_same_events_read_the_same(tmp_path: Path) -> None:
    """Contract: the form of the file does not matter, nor do integer ids, timestamps or dictionaries in Parquet."""
    rng = random.Random(3)
    rows = [
        (rng.randrange(40), rng.randrange(99), rng.randrange(10**12), "view", f"c{rng.randrange(9)}", rng.random(), 1)
        for _ in range(2_000)
    ]
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    table = pa.table(
        {
            **{name: pa.array(values) for name, values in columns.items()},
            "ts_ms": pa.array(columns["ts_ms"], pa.timestamp("ms")),
            "category": pa.array(columns["category"]).dictionary_encode(),
        }
    )
    path = tmp_path / "events.parquet"
    pq.write_table(table, path, row_group_size=300)
    assert as_rows(read(path)) == as_rows(read(csv_file(tmp_path, rows)))
    # and both as plain Python orders them
    order: dict[str, int] = {}
    for row in rows:
        order.setdefault(str(row[0]), len(order))
    wanted = sorted(rows, key=lambda row: (order[str(row[0])], row[2]))
    assert [row[:3] for row in as_rows(read(path))] == [(str(row[0]), str(row[1]), row[2]) for row in wanted]


def test_only_three_columns_are_needed_and_others_are_not_read(tmp_path: Path) -> None:
    path = csv_file(tmp_path, [("x", "a", "i", 5)], ("note", "sequence_id", "item_id", "ts_ms"))
    data = read(path)
    assert as_rows(data) == [("a", "i", 5, 0, None, 0.0, 0)]
    assert data.category_names.size == 0


def test_whole_numbers_may_be_written_as_floats_and_with_blanks(tmp_path: Path) -> None:
    data = read(csv_file(tmp_path, [("a", "i", " 5.0 ", "click", "", "nan", "2.0")]))
    assert as_rows(data) == [("a", "i", 5, 0, None, 0.0, 2)]


@pytest.mark.parametrize(
    ("row", "column", "allowed"),
    [
        (("", "i", 5, "", "", "", ""), "sequence_id", "a text in every row"),
        (("a", "i", "soon", "", "", "", ""), "ts_ms", "numbers"),
        (("a", "i", "", "", "", "", ""), "ts_ms", "whole numbers from 0 on"),
        (("a", "i", "1.5", "", "", "", ""), "ts_ms", "whole numbers from 0 on"),
        (("a", "i", -1, "", "", "", ""), "ts_ms", "whole numbers from 0 on"),
        (("a", "i", 5, "impression", "", "", ""), "event_type", "view, search, add_to_cart, purchase or empty"),
        (("a", "i", 5, "", "", "cheap", ""), "price", "numbers"),
        (("a", "i", 5, "", "", "-0.5", ""), "price", "0..1000000000"),
        (("a", "i", 5, "", "", "", "1.5"), "quantity", "whole numbers"),
        (("a", "i", 5, "", "", "", -2), "quantity", "whole numbers from 0 on"),
        (("a", "i", 5, "", "", "", 2**31), "quantity", "0..2147483647"),
    ],
)
def test_a_bad_value_is_refused_with_file_column_row_and_what_is_allowed(
    tmp_path: Path, row: tuple[Any, ...], column: str, allowed: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(csv_file(tmp_path, [ROWS[0], row, ROWS[1], row]))
    assert caught.value.key == "--data"
    assert str(caught.value.value).endswith(f"events.csv: column {column}")
    assert allowed in caught.value.allowed
    assert "row 2" in caught.value.allowed


def test_a_file_that_is_not_there_or_not_of_the_format_is_refused_by_name(tmp_path: Path) -> None:
    parquet, text = tmp_path / "a.parquet", tmp_path / "a.txt"
    parquet.write_bytes(b"PAR1")
    text.write_text("")
    empty = csv_file(tmp_path, [])
    for path in (tmp_path / "none.csv", tmp_path / "none.parquet", parquet, text, empty):
        with pytest.raises(ConfigError) as caught:
            read(path)
        assert str(path) in str(caught.value.value)
    with pytest.raises(ConfigError, match="missing: item_id"):
        read(csv_file(tmp_path, [("a", 5)], ("sequence_id", "ts_ms")))


@pytest.mark.parametrize(
    ("times", "seems"),
    [([1795353372, 1795353400], "seconds"), ([1795353372396000, 1795353400396000], "micro- or nanoseconds")],
)
def test_times_in_another_unit_are_refused_with_that_reason(tmp_path: Path, times: list[int], seems: str) -> None:
    path = csv_file(tmp_path, [("a", "b", at) for at in times], ("sequence_id", "item_id", "ts_ms"))
    with pytest.raises(ConfigError, match=f"milliseconds since 1970; {times[0]} seems to be {seems}"):
        read(path)


def test_dates_and_written_times_are_times(tmp_path: Path) -> None:
    """Contract: a date is its midnight, a time without a zone is UTC."""
    day = datetime.date(2026, 11, 22)
    path = tmp_path / "events.pq"
    pq.write_table(pa.table({"sequence_id": ["a"], "item_id": ["x"], "ts_ms": [day]}), path)
    wanted = 1_795_305_600_000
    assert read(path).ts_ms.tolist() == [wanted]
    for text in ("2026-11-22", "2026-11-22 00:00:00", "2026-11-22T00:00:00.000Z", "2026-11-22T02:00:00+02:00"):
        rows = [("a", "x", text)]
        assert read(csv_file(tmp_path, rows, ("sequence_id", "item_id", "ts_ms"))).ts_ms.tolist() == [wanted]


def test_ids_saved_as_floats_are_whole_numbers_and_gaps_are_none(tmp_path: Path) -> None:
    """Contract: no user and no item is ever called nan."""
    path = tmp_path / "events.parquet"
    table = pa.table({"sequence_id": ["a", "a"], "item_id": [214536502.0, float("nan")], "ts_ms": [1, 2]})
    pq.write_table(table, path)
    assert read(path).item_names.tolist() == ["214536502"]
    assert read(path).item.tolist() == [0, -1]
    pq.write_table(table.rename_columns(["item_id", "sequence_id", "ts_ms"]), path)
    with pytest.raises(ConfigError, match=r"column sequence_id.*a text in every row; row 2"):
        read(path)


def test_columns_may_be_called_as_in_events(tmp_path: Path) -> None:
    """Contract: user_id or session_id for sequence_id, type for event_type."""
    rows = [("u", "i", 5, "purchase")]
    for whose in ("user_id", "session_id"):
        data = read(csv_file(tmp_path, rows, (whose, "item_id", "ts_ms", "type")))
        assert as_rows(data) == [("u", "i", 5, 3, None, 0.0, 0)]


def test_recoding_keeps_the_events_and_takes_the_names_of_the_other(tmp_path: Path) -> None:
    data = read(csv_file(tmp_path, ROWS))
    (tmp_path / "other").mkdir()
    like = read(csv_file(tmp_path / "other", [("z", "i9", 1, "", "c2", "", ""), ("z", "i1", 2, "", "", "", "")]))
    again = recoded(data, like)
    assert again.item_names.tolist() == ["i9", "i1"]
    assert again.category_names.tolist() == ["c2"]
    assert again.item.tolist() == [-1, -1, 1, 1, -1]
    assert again.category.tolist() == [0, -1, -1, -1, -1]
    assert again.ts_ms.tolist() == data.ts_ms.tolist()
    assert as_rows(recoded(data, data)) == as_rows(data)
