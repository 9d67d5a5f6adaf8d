"""An activity's variants in an exported log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.variant_rows import COSTS, variant_rows, write_variant_log
from tideline.schemas.errors import ConfigError
from tideline.scripts.analysis.variant_log import read_variant_log

if TYPE_CHECKING:
    from pathlib import Path


def test_entries_of_one_activity_are_read_with_what_competes(tmp_path: Path) -> None:
    """Contract: clicks count at once; what is no longer known as a variant is left out and counted."""
    found = read_variant_log(write_variant_log(tmp_path / "log.parquet", 200), "c08-0042")
    assert (found.variants, found.objective, found.split) == (tuple(COSTS), "click", "even")
    assert found.costs == tuple(COSTS.values())
    assert (found.shown.user.size, found.left_out) == (180, 20)
    assert found.is_binary
    rows = variant_rows(200)
    named = [tuple(COSTS).index(each) for each in rows["variant"][:200] if each]
    assert found.shown.variant.tolist() == named
    assert set(found.shown.share) == {1 / 3}


@pytest.mark.parametrize(("objective", "a_click"), [("conversion", None), ("revenue", None), ("margin", COSTS)])
def test_what_comes_late_counts_where_nothing_more_can_come(
    objective: str, a_click: dict[str, float] | None, tmp_path: Path
) -> None:
    """Contract: conversions, revenue and margin are of mature entries; a margin is less what a conversion costs."""
    found = read_variant_log(write_variant_log(tmp_path / "log.parquet", 200, objective), "c08-0042")
    assert (found.shown.user.size, found.left_out) == (160, 40)
    worth = 1.0 if objective == "conversion" else 4.0
    cost = np.array(list(a_click.values()))[found.shown.variant] if a_click else 0.0
    assert found.shown.brought.tolist() == (found.shown.click * (worth - cost)).tolist()


def test_an_activity_without_variants_is_refused_with_those_that_have_some(tmp_path: Path) -> None:
    path = write_variant_log(tmp_path / "log.parquet", 50)
    for name in ("other", "absent"):
        with pytest.raises(ConfigError, match=f"ID={name!r} cannot be used; allowed: .* has variants: c08-0042"):
            read_variant_log(path, name)


def test_a_share_that_is_none_is_refused_by_its_row(tmp_path: Path) -> None:
    rows = variant_rows(20) | {"variant_share": [0.5] * 39 + [1.5]}
    parquet.write_table(pa.table(rows), tmp_path / "log.parquet")
    with pytest.raises(ConfigError, match=r"column variant_share.*row 40 is not"):
        read_variant_log(tmp_path / "log.parquet", "c08-0042")
