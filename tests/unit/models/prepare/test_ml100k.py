"""MovieLens 100k as sequences."""

import zipfile
from pathlib import Path

from tideline.models.data import read
from tideline.models.prepare import ml100k


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
