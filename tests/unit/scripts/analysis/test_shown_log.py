"""The log that a report reads, in parts on disk."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.exported import columns, random_pairs, write
from tideline.schemas.errors import ConfigError
from tideline.scripts.analysis import shown_log
from tideline.scripts.analysis.shown_log import ShownLog
from tideline.scripts.benchmarks.offline.analysts.large_log import write_log
from tideline.scripts.commands.report import report

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = (1.0, 5.0, 0.0)


def reported(path: Path, folder: Path, of_a_part: int) -> dict[str, Any]:
    folder.mkdir()
    return report(ShownLog(path, WEIGHTS, folder, of_a_part), 7.0)


def test_parts_have_all_rows_and_each_user_is_in_one(tmp_path: Path) -> None:
    """Contract: parts are in the order of time, with places in the file that are there once."""
    write_log(tmp_path / "log.parquet", 5_000)
    (tmp_path / "parts").mkdir()
    log = ShownLog(tmp_path / "log.parquet", WEIGHTS, tmp_path / "parts", of_a_part=500)
    table = parquet.read_table(tmp_path / "log.parquet")
    names = np.array(table["user"].to_pylist())
    parts = list(log)
    assert len(parts) > 5
    assert sorted(np.concatenate([part.row for part in parts]).tolist()) == list(range(5_000))
    users = [set(names[part.row].tolist()) for part in parts]
    assert sum(map(len, users)) == len(set.union(*users))
    actions = np.array(log.names["action"])
    for part in parts:
        assert (np.diff(part.ts_ms) >= 0).all()
        assert actions[part.action].tolist() == np.array(table["action"].to_pylist())[part.row].tolist()


def test_the_unit_of_times_is_that_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: some rows of 1970 are no seconds beside others of today; a file of seconds or less is refused."""
    monkeypatch.setattr(shown_log, "AT_ONCE", 2)
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    old, now_s = [100_000_000, 100_000_001], [1_700_000_000, 1_700_000_001]
    path = write(tmp_path / "log.parquet", columns(4) | {"ts_ms": [*old, *(1_000 * each for each in now_s)]})
    log = ShownLog(path, WEIGHTS, folders[0])
    assert (log.first_ms, log.last_ms) == (old[0], 1_000 * now_s[1])
    write(path, columns(4) | {"ts_ms": [*now_s, *now_s]})
    with pytest.raises(ConfigError, match=r"ts_ms.*1700000000 seems to be seconds: multiply by 1,000"):
        ShownLog(path, WEIGHTS, folders[1])
    write(path, columns(4) | {"ts_ms": [each * 10**9 for each in (*now_s, *now_s)]})
    with pytest.raises(ConfigError, match=r"ts_ms.*seems to be micro- or nanoseconds"):
        ShownLog(path, WEIGHTS, folders[1])


def test_a_report_is_the_same_in_any_parts_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: all figures of it, but for the last digits of calibration's means."""
    given = random_pairs(3_000, [0.2, 0.1]) | {
        "placement": ["", "", "cart", "cart"] * 1_500, "arm": (["a"] * 6 + ["b"] * 4) * 600,
        "mean": np.random.default_rng(1).choice([0.1, 0.2, np.nan], 6_000),
        "conversion": [int(at % 37 == 0) for at in range(6_000)],
    }  # fmt: skip
    path = write(tmp_path / "log.parquet", given)
    whole = reported(path, tmp_path / "whole", 10**6)
    monkeypatch.setattr(shown_log, "AT_ONCE", 701)
    some = reported(path, tmp_path / "some", 400)
    bins = [each["calibration"].pop("bins") for each in (whole, some)]
    assert json.dumps(whole) == json.dumps(some)
    for one, other in zip(*bins, strict=True):
        assert one == pytest.approx(other, rel=1e-12)
    monkeypatch.setattr(shown_log, "AT_ONCE", 5_000)
    again = reported(path, tmp_path / "again", 400)
    assert again["calibration"].pop("bins") == bins[1]  # batches alone change no byte
    assert again == some


def test_memory_does_not_grow_with_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: four times the rows, less than half more of Python's and numpy's memory at its most."""
    monkeypatch.setattr(shown_log, "AT_ONCE", 2_000)
    peaks = []
    for rows in (20_000, 80_000):
        write_log(tmp_path / f"{rows}.parquet", rows)
        tracemalloc.start()
        reported(tmp_path / f"{rows}.parquet", tmp_path / f"parts-{rows}", 5_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_a_wrong_value_is_told_by_its_row_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: whatever the batch it is in."""
    monkeypatch.setattr(shown_log, "AT_ONCE", 8)
    path = tmp_path / "log.parquet"
    parquet.write_table(pa.table(columns(30) | {"click": [0] * 20 + [7] + [0] * 9}), path)
    with pytest.raises(ConfigError, match="0 or 1; row 21 is not"):
        ShownLog(path, WEIGHTS, tmp_path)
