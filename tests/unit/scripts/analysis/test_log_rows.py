"""Rows of a log, some at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError
from tideline.scripts.analysis import log_rows
from tideline.scripts.analysis.log_rows import FEATURE_NAMES, Actions, Facts, batches, described

if TYPE_CHECKING:
    from pathlib import Path


def _table(tmp_path: Path, columns: dict[str, object]) -> Table:
    parquet.write_table(pa.table(columns), tmp_path / "log.parquet")
    return Table(tmp_path / "log.parquet", "--log")


def test_what_is_left_out_is_counted_by_its_first_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: placement, then encoder, then propensity; the newest encoder is that of the placement's rows."""
    monkeypatch.setattr(log_rows, "AT_ONCE", 2)
    table = _table(tmp_path, {
        "placement": ["cart", "", "", "", None, ""], "encoder_version": [9, 1, 2, 2, 2, 2],
        "propensity": [0.5, 0.5, None, 0.5, 0.25, 1.0], "position": [3, 2, 1, 2, 1, 3],
    })  # fmt: skip
    facts = Facts.of(table, "")
    assert facts.left_out == {"another placement": 1, "another encoder": 1, "no propensity": 1}
    assert (facts.newest, facts.known, facts.least, facts.below) == (2, True, 1, True)
    assert Facts.of(table, "cart").left_out == {"another placement": 5, "another encoder": 0, "no propensity": 0}
    found = [facts.kept(batch, log_rows.propensity(batch)) for batch in table.batches(table.names, 4)]
    assert np.concatenate(found).tolist() == [False, False, False, True, True, True]


def test_an_actions_features_are_the_same_in_every_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: one that has others later on is told by its row in the file; those of rows left out do not matter."""
    monkeypatch.setattr(log_rows, "AT_ONCE", 2)
    columns: dict[str, object] = {"action": ["a", "b", "a", "b", "a"], "reward": [0.0] * 5}
    columns |= {name: [1.0, 0.0, 1.0, 0.0, 1.0] for name in FEATURE_NAMES}
    table = _table(tmp_path, columns)
    actions = Actions()
    rows = list(batches(table, Facts.of(table, ""), "reward", actions, ruled=False))
    assert [each.num_rows for each in rows] == [2, 2, 1]
    told = actions.features(np.array([1, 0]))
    assert told is not None
    assert told.tolist() == [[0] * 8, [127] * 8]
    wrong = _table(tmp_path, columns | {"feature_3": [1.0, 0.0, 1.0, 1.0, 1.0]})
    with pytest.raises(ConfigError, match=r"feature_3.*the same number in all rows of an action; row 4 is not"):
        list(batches(wrong, Facts.of(wrong, ""), "reward", Actions(), ruled=False))
    kept = columns | {"feature_3": [1.0, 0.0, 1.0, 1.0, 1.0], "propensity": [0.5, 0.5, 0.5, None, 0.5]}
    told_of = _table(tmp_path, kept)
    assert len(list(batches(told_of, Facts.of(told_of, ""), "reward", Actions(), ruled=False))) == 3


def test_the_unit_of_times_is_guessed_from_all_rows_and_of_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: times that begin at 0 pass through what a part alone would say are seconds; seconds are told."""
    monkeypatch.setattr(log_rows, "AT_ONCE", 100)
    ts_ms = 10**6 * np.arange(300)
    table = _table(tmp_path, {"ts_ms": ts_ms, "action": ["a"] * 300, "reward": [0.0] * 300})
    assert len(list(batches(table, Facts.of(table, ""), "reward", Actions(), ruled=False))) == 3
    seconds = _table(tmp_path, {"ts_ms": 1_700_000_000 + ts_ms // 10**6})
    with pytest.raises(ConfigError, match=r"ts_ms.*1700000000 seems to be seconds: multiply by 1,000"):
        Facts.of(seconds, "")


def test_what_is_no_description_is_none() -> None:
    assert described('{"kind": "k", "categories": ["c"], "labels": {"a": "b"}}') == ("k", ("c",), {"a": "b"})
    assert described('{"kind": "k"}') is None
    assert described("[") is None
