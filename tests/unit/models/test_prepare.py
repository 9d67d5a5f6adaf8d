import zipfile
from pathlib import Path

import numpy as np
import pytest

from tideline.models.data import owners, read
from tideline.models.prepare import completejourney, completejourney_sequences, ml100k, msnbc
from tideline.schemas.events import EventType

SHARED_MSNBC = "%% header\n" * 7


def test_ml100k_leaves_the_last_rating_of_each_user_out(tmp_path: Path) -> None:
    """Contract: last in time; of ratings at one time, the last in the file."""
    wheel = tmp_path / "recbole.whl"
    lines = ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
    lines += ["7\t10\t3\t50", "9\t12\t1\t5", "7\t11\t3\t40", "7\t12\t5\t50", "9\t11\t2\t6"]
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(ml100k.RATINGS, "\n".join(lines))
    assert ml100k.main([str(wheel), "--out", str(tmp_path / "out")]) == 0
    train, test = (read(tmp_path / "out" / f"{name}.csv") for name in ("train", "test"))
    assert test.names.tolist() == ["7", "9"]
    assert test.item_names[test.item].tolist() == ["11", "10", "12", "12", "11"]
    assert test.ts_ms.tolist() == [40_000, 50_000, 50_000, 5_000, 6_000]
    assert train.item_names[train.item].tolist() == ["11", "10", "12"]


def test_msnbc_sequences_are_held_out_whole_and_those_of_one_page_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(msnbc, "HELD_OUT", 2)
    path = tmp_path / "msnbc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("msnbc.seq", SHARED_MSNBC + "1 1 2 \r\n3 \r\n17 4 \r\n5 5 5 5 \r\n2 1 \r\n")
    assert msnbc.main([str(path), "--out", str(tmp_path / "out")]) == 0
    parts = [read(tmp_path / "out" / f"{name}.csv") for name in ("train", "test")]
    assert [part.names.size for part in parts] == [2, 2]
    found = sorted(
        tuple(part.item_names[part.item[a:b]].tolist())
        for part in parts
        for a, b in zip(part.starts, part.starts[1:], strict=False)
    )
    assert found == sorted([("1", "1", "2"), ("17", "4"), ("5", "5", "5", "5"), ("2", "1")])
    assert all((part.ts_ms[part.starts[:-1]] == 0).all() for part in parts)


@pytest.mark.parametrize("module", [ml100k, msnbc])
def test_another_file_is_refused_by_name(tmp_path: Path, module: object, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.zip"
    other.write_text("no archive")
    assert module.main([str(other), "--out", str(tmp_path / "out")]) == 2  # type: ignore[attr-defined]
    assert "other.zip" in capsys.readouterr().err


def test_completejourney_sequences_are_the_clickstream_split_at_a_day(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--from", "2017-03-01", "--split", "2017-03-04", "--until", "2017-03-05"]
    assert completejourney_sequences.main(arguments) == 0
    cols = completejourney.columns()
    edges_ms = [completejourney_sequences.day_ms(f"2017-03-0{day}") for day in (1, 4, 5)]
    for name, begins, ends in (("train", edges_ms[0], edges_ms[1]), ("test", edges_ms[1], edges_ms[2])):
        data = read(tmp_path / f"{name}.parquet")
        rows = np.flatnonzero((cols.ts_ms >= begins) & (cols.ts_ms < ends))
        assert data.item.size == rows.size
        order = np.lexsort((data.ts_ms, owners(data)))
        assert order.tolist() == list(range(rows.size))
        users = data.names[owners(data)].astype(np.int64)
        for user in users[:: rows.size // 7]:
            mine, theirs = users == user, rows[cols.user[rows] == user]
            assert data.ts_ms[mine].tolist() == cols.ts_ms[theirs].tolist()
            assert data.type[mine].tolist() == cols.type[theirs].tolist()
            assert data.quantity[mine].tolist() == cols.quantity[theirs].tolist()
            products = [
                None if kind == EventType.SEARCH else str(product)
                for kind, product in zip(cols.type[theirs], cols.product[theirs], strict=True)
            ]
            assert [None if at < 0 else data.item_names[at] for at in data.item[mine]] == products
