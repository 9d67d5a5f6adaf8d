"""MSNBC page categories as sequences."""

import zipfile
from pathlib import Path

import pytest

from tideline.models.data import read
from tideline.models.prepare import ml100k, msnbc

SHARED_MSNBC = "%% header\n" * 7


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
