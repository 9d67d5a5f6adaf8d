"""A seeded log of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyarrow import parquet

from tideline.scripts.benchmarks.offline.analysts.large_log import write_log

if TYPE_CHECKING:
    from pathlib import Path


def test_a_log_is_the_same_each_time_and_of_lists(tmp_path: Path) -> None:
    """Contract: of so many rows, ten of a list, no activity twice in one."""
    logs = [tmp_path / "log.parquet", tmp_path / "again.parquet"]
    for log in logs:
        write_log(log, 4_000)
    table, again = map(parquet.read_table, logs)
    assert table.equals(again)
    assert table.num_rows == 4_000
    rows = table.select(["decision_id", "action"]).to_pylist()
    assert len({tuple(row.values()) for row in rows}) == 4_000
    assert len({row["decision_id"] for row in rows}) == 400
