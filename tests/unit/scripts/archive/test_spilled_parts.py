"""Rows in parts on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tideline.scripts.archive.spilled_parts import spill, spilled


@pytest.mark.parametrize("kind", [pa.Table.from_pydict, pa.RecordBatch.from_pydict])
def test_each_row_is_in_its_part_in_the_order_it_came(tmp_path: Path, kind: object) -> None:
    """Contract: of batches and of tables; a part that no row is of has no file."""
    assert callable(kind)
    batches = [kind({"name": [f"{start + at}" for at in range(5)]}) for start in range(0, 20, 5)]
    spill(((rows, (np.arange(5) + at) % 2 * 2) for at, rows in enumerate(batches)), lambda part: tmp_path / f"{part}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "2"]
    wanted = [(5 * at + place, (place + at) % 2 * 2) for at in range(4) for place in range(5)]
    for part in (0, 2):
        assert spilled(tmp_path / f"{part}")["name"].to_pylist() == [f"{row}" for row, of in wanted if of == part]


def test_an_error_leaves_no_file_open(tmp_path: Path) -> None:
    """Contract: what ends in an error can be removed, on file systems too that keep what is open."""
    rows = pa.table({"name": ["a", "b"]})
    with pytest.raises(OSError, match="nowhere") as ended:
        spill([(rows, np.array([0, 1]))], lambda part: tmp_path / ("nowhere/1" if part else "0"))
    opened = {str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.exists()}
    assert str(tmp_path / "0") not in opened
    assert ended.value.__traceback__ is not None  # what it keeps alive keeps no file open
