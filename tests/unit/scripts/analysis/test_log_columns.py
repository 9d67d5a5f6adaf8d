"""Columns of a log on disk."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tideline.scripts.analysis import log_order, log_rows
from tideline.scripts.analysis.read_log import LoggedFile, read_log
from tideline.scripts.benchmarks.offline.analysts.large_log import write_log
from tideline.scripts.commands import ope
from tideline.udfs.core.evaluation import evaluation, intervals, list_estimators
from tideline.udfs.core.evaluation.columns import row_parts

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = (
    "x", "action", "propensity", "reward", "decision", "decision_hash", "position", "eligible", "ts_ms", "user",
)  # fmt: skip


def _mixed(path: Path) -> Path:
    """Write lists in no order, some without a user or an entry, of two encoders, with times that several share."""
    rng = np.random.default_rng(7)
    write_log(path, 6_000)
    table = parquet.read_table(path)
    lists = np.repeat(np.arange(600), 10)
    changed = {
        "user": pa.array(table["user"].to_pylist(), mask=(rng.random(600) < 0.2)[lists]),
        "encoder_version": pa.array(np.where(rng.random(600) < 0.1, 1, 2)[lists]),
        "ts_ms": pa.array(table["ts_ms"].to_numpy() // 500 * 500),
    }
    for name, column in changed.items():
        table = table.set_column(table.column_names.index(name), name, column)
    parquet.write_table(table.take(pa.array(rng.permutation(6_000)[:5_800])), path)
    return path


def _same(one: LoggedFile, other: LoggedFile) -> None:
    assert (one.log.arms, one.log.lists, one.left_out) == (other.log.arms, other.log.lists, other.left_out)
    assert one.file_row.tolist() == other.file_row.tolist()
    for name in _COLUMNS:
        assert np.array_equal(getattr(one.log, name), getattr(other.log, name)), name


def test_a_log_is_the_same_in_any_parts_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: every column of it, and which rows are left out why."""
    path = _mixed(tmp_path / "log.parquet")
    whole = read_log(path)
    assert whole.left_out["below a gap in their list"] > 0
    assert whole.left_out["another encoder"] > 0
    assert (np.diff(whole.log.decision) >= 0).all()
    assert np.unique(whole.log.cluster).tolist() == list(range(whole.log.clusters))
    monkeypatch.setattr(log_order, "OF_A_PART", 400)
    monkeypatch.setattr(log_rows, "AT_ONCE", 701)
    _same(whole, read_log(path))


def test_memory_of_ope_does_not_grow_with_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: four times the rows, less than half more of Python's and numpy's memory at its most."""
    monkeypatch.setattr(log_order, "OF_A_PART", 5_000)
    monkeypatch.setattr(log_rows, "AT_ONCE", 2_000)
    for module in (row_parts, list_estimators):
        monkeypatch.setattr(module, "AT_ONCE", 8_192)
    for module in (evaluation, list_estimators):
        monkeypatch.setattr(module, "_CELLS", 400_000)
    monkeypatch.setattr(intervals, "_BLOCKS", 100)
    peaks = []
    for rows in (20_000, 80_000):
        write_log(tmp_path / f"{rows}.parquet", rows)
        tracemalloc.start()
        assert ope.main(["--log", str(tmp_path / f"{rows}.parquet"), "--policy", "uniform", "--json"]) == 0
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
