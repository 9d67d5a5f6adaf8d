"""Small files become one, and what is old goes; no offset is lost or there twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.damage import flip_a_byte
from tests.support.doc_pages import ROOT
from tideline.schemas.errors import ConfigError
from tideline.scripts.archive import archive_upkeep
from tideline.scripts.archive.archive_upkeep import expire, forget, merge
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.io.archive_files import archived_to, files_of, locked, read, write_range

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NOON_MS = 1_795_694_400_000
_DAY_MS = 86_400_000
_MERGER = """
import sys
from pathlib import Path
from tideline.udfs.io.archive_files import locked
from tideline.scripts.archive.archive_upkeep import merge
with locked(Path(sys.argv[1])):
    for rows in range(10, 2_000, 10):
        print(merge(Path(sys.argv[1]), "t", rows), flush=True)
"""


def _records(start: int, stop: int, at_ms: int = _NOON_MS) -> list[TopicRecord]:
    return [TopicRecord(at, b"u%d" % (at % 3), b"v%d" % at, at_ms) for at in range(start, stop)]


def _fill(folder: Path, files: int, rows: int = 5, partition: int = 0) -> None:
    for at in range(files):
        write_range(folder, "t", (partition, at * rows, (at + 1) * rows), _records(at * rows, (at + 1) * rows))


def test_files_of_a_day_become_one_up_to_so_many_rows(tmp_path: Path) -> None:
    """Contract: the same records in the same order; another day, partition or gap is no part of it; twice is once."""
    _fill(tmp_path, 5)
    _fill(tmp_path, 2, partition=1)
    write_range(tmp_path, "t", (0, 25, 27), _records(25, 27, _NOON_MS + _DAY_MS))
    write_range(tmp_path, "t", (0, 30, 31), _records(30, 31, _NOON_MS + _DAY_MS))
    before = list(read(tmp_path, "t"))
    assert merge(tmp_path, "t", 12) == 3
    spans = [(each.partition, each.start, each.stop) for each in files_of(tmp_path, "t")]
    assert spans == [(0, 0, 10), (0, 10, 20), (0, 20, 25), (0, 25, 27), (0, 30, 31), (1, 0, 10)]
    assert list(read(tmp_path, "t")) == before
    assert merge(tmp_path, "t", 12) == 0


def test_what_would_be_too_large_to_hold_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(tmp_path, 4)
    size = max(each.path.stat().st_size for each in files_of(tmp_path, "t"))
    monkeypatch.setattr(archive_upkeep, "MOST_BYTES", 2 * size)
    assert merge(tmp_path, "t", 1_000) == 2


def test_who_is_killed_while_he_merges_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Contract: after each SIGKILL every offset is read once; the next writer clears what is there twice."""
    dice, total = random.Random(4), 400
    _fill(tmp_path, total)
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-c", _MERGER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(dice.random() / 20)  # the moment is what is drawn, nothing is waited for
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert [each.offset for each in read(tmp_path, "t")] == list(range(5 * total))
    with locked(tmp_path):
        assert len(list(tmp_path.rglob("*.parquet"))) == len(files_of(tmp_path, "t")) < total


def test_what_a_killed_one_left_is_passed_over(tmp_path: Path) -> None:
    """Contract: a file whose offsets another one has all is read by nobody, and gone with the next writer."""
    _fill(tmp_path, 3)
    write_range(tmp_path, "t", (0, 0, 10), _records(0, 10))
    assert [each.offset for each in read(tmp_path, "t")] == list(range(15))
    assert len(list(tmp_path.rglob("*.parquet"))) == 4
    with locked(tmp_path):
        assert len(list(tmp_path.rglob("*.parquet"))) == 2


def test_what_is_old_goes_but_for_the_newest_file(tmp_path: Path) -> None:
    """Contract: whole files by their latest record, empty days too; where to go on is still known."""
    for day in range(4):
        write_range(tmp_path, "t", (0, 5 * day, 5 * day + 5), _records(5 * day, 5 * day + 5, _NOON_MS + day * _DAY_MS))
    write_range(tmp_path, "t", (1, 0, 5), _records(0, 5))
    assert expire(tmp_path, "t", _NOON_MS + 2 * _DAY_MS) == 10
    assert [(each.partition, each.start) for each in files_of(tmp_path, "t")] == [(0, 10), (0, 15), (1, 0)]
    assert expire(tmp_path, "t", _NOON_MS + 90 * _DAY_MS) == 5
    assert archived_to(tmp_path, "t") == {0: 20, 1: 5}
    assert len(list((tmp_path / "topic=t").iterdir())) == 2


def test_a_user_goes_from_every_file_that_has_him_and_no_offset_with_him(tmp_path: Path) -> None:
    """Contract: the others' records and the ranges stay; files without him are not touched; done twice is done once."""
    write_range(tmp_path, "t", (0, 0, 6), [*_records(0, 5), TopicRecord(5, None, b"no key", 0)])
    other = write_range(tmp_path, "t", (0, 6, 7), _records(6, 7))
    before = other.stat().st_ino
    assert forget(tmp_path, "t", b"u1") == 2
    assert forget(tmp_path, "t", b"u1") == 0
    assert [each.offset for each in read(tmp_path, "t")] == [0, 2, 3, 5, 6]
    assert archived_to(tmp_path, "t") == {0: 7}
    assert other.stat().st_ino == before
    assert not any(b"u1" in path.read_bytes() for path in tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize("upkeep", [lambda folder: merge(folder, "t", 100), lambda folder: forget(folder, "t", b"u1")])
def test_a_damaged_file_is_named_and_nothing_goes(tmp_path: Path, upkeep: Callable[[Path], int]) -> None:
    """Contract: what a byte on the disk spoils is neither merged nor written anew with a new checksum."""
    _fill(tmp_path, 2)
    file = files_of(tmp_path, "t")[1].path
    flip_a_byte(file, "value")
    before = sorted((path.name, path.read_bytes()) for path in tmp_path.rglob("*.parquet"))
    with pytest.raises(ConfigError, match=f"{file.name}.*can be read"):
        upkeep(tmp_path)
    after = sorted((path.name, path.read_bytes()) for path in tmp_path.rglob("*.parquet"))
    assert after[-1] == before[-1]
    assert len(after) == len(before)
