"""Rows in parts on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from tideline.scripts.archive.spilled_parts import spill, spilled

if TYPE_CHECKING:
    from pathlib import Path


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
