"""Rows of a log in order, sorted in parts on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from tideline.scripts.analysis import log_order
from tideline.scripts.analysis.log_order import DecisionOrder, TextRanks, splitters
from tideline.udfs.core.hashing import hash64

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("moments", [5, 10**9])
def test_rows_come_by_their_decisions_in_any_parts(
    tmp_path: Path, moments: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: decisions by their first kept time and by id, rows by position and file; many of a moment too."""
    monkeypatch.setattr(log_order, "OF_A_PART", 100)
    rng = np.random.default_rng(3)
    whose, ts_ms, position = rng.integers(0, 300, 2_000), rng.integers(0, moments, 2_000), rng.integers(0, 9, 2_000)
    ids, kept = [f"d{each}" for each in whose.tolist()], rng.random(2_000) < 0.9
    columns = {"row": np.arange(2_000), "kept": kept, "decision": ids, "position": position, "ts_ms": ts_ms}
    rows = pa.record_batch({name: pa.array(each) for name, each in columns.items()})
    order = DecisionOrder(tmp_path, 2_000)
    order.take([rows.slice(start, 300) for start in range(0, 2_000, 300)], ts_ms[::50].tolist())
    assert order.repeats
    found, names = list[int](), list[str]()
    for part in order.parts():
        found += part.rows["row"].to_pylist()
        names += part.names[part.name].tolist()
        assert (np.diff(part.decision) >= 0).all()
    began: dict[str, int] = {}
    for at in np.flatnonzero(kept).tolist():
        began[ids[at]] = min(int(ts_ms[at]), began.get(ids[at], 10**18))
    wanted = sorted(np.flatnonzero(kept).tolist(), key=lambda at: (began[ids[at]], ids[at], position[at], at))
    assert found == wanted
    assert names == [ids[at] for at in wanted]
    assert not list(tmp_path.iterdir())


def test_texts_are_ranked_among_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: as `np.unique` has them, where most rows are of one text too; hashes are those of the texts."""
    monkeypatch.setattr(log_order, "OF_A_PART", 100)
    rng = np.random.default_rng(4)
    texts = np.where(rng.random(3_000) < 0.7, "hot", rng.integers(0, 500, 3_000).astype(np.str_))
    ranks = TextRanks(tmp_path, texts[::40].tolist(), 3_000)
    batches = (np.arange(start, start + 500) for start in range(0, 3_000, 500))
    ranks.take(pa.record_batch({"row": pa.array(rows), "text": pa.array(texts[rows].tolist())}) for rows in batches)
    names, wanted = np.unique(texts, return_inverse=True)
    found, hashes = np.full(3_000, -1), np.zeros(3_000, np.uint64)
    for rows, place, its in ranks.ranks():
        found[rows], hashes[rows] = place, its
    assert found.tolist() == wanted.tolist()
    assert hashes.tolist() == [hash64(names[each]) for each in wanted.tolist()]


def test_splitters_of_a_sample_are_there_once() -> None:
    assert splitters(np.array([5, 1, 1, 1, 9, 1]), 4).tolist() == [1, 5]
    assert splitters(np.zeros(0, np.int64), 4).size == 0
