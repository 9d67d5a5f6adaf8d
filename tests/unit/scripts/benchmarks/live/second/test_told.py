"""Contract: what was noted comes back as ways of batches, their parts and spans, each batch with its own lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tideline.scripts.benchmarks.live.second.told import Span, Way, parts_of, pauses, steps, ways

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = {7: "taskmanager-1", 8: "taskmanager-2"}


def test_a_batch_is_followed_to_the_write_of_its_own_lists(tmp_path: Path) -> None:
    """Contract: by process and by what was written; one whose lists were not written, and one of before, are not it."""
    (tmp_path / "rank-7.txt").write_text(
        "batch 1000.0 30.0 20.0 4 960.0 940.0 11\n"
        "batch 1050.0 10.0 10.0 2 1040.0 1030.0 12\n"
        "batch 10.0 10.0 10.0 2 5.0 5.0 11\n"
        "policy 1030.0 1.0 1.0\n"
    )
    (tmp_path / "rank-8.txt").write_text("batch 1001.0 5.0 5.0 1 1000.0 1000.0 12\n")
    (tmp_path / "writer-7.txt").write_text("write 1040.0 6.0 2.0 4 11\n")
    (tmp_path / "writer-8.txt").write_text("write 1007.0 2.0 2.0 1 12\n")

    found = ways(steps(tmp_path, _NAMES), 900.0, 2000.0)

    assert found == [
        Way(4, to_python=40.0, in_python=30.0, on_core=20.0, to_writer=10.0, in_writer=6.0),
        Way(1, to_python=1.0, in_python=5.0, on_core=5.0, to_writer=1.0, in_writer=2.0),
    ]
    assert found[0].whole == 86.0


def test_parts_are_those_of_records_about_the_median_and_of_the_latest() -> None:
    """Contract: a batch counts once a record, and the parts of those about the median are their own, not medians."""
    usual, slow = Way(990, 10.0, 20.0, 15.0, 1.0, 4.0), Way(10, 500.0, 30.0, 16.0, 2.0, 5.0)

    found = parts_of([slow, usual])

    assert list(found["median"].values()) == [10.0, 20.0, 15.0, 1.0, 4.0]
    assert found["latest"]["to_python"] == pytest.approx(500.0, rel=0.1)


def test_collections_and_other_pauses_are_told_apart_and_short_ones_left_out() -> None:
    log = (
        '[2000ms] Safepoint "ParallelGCFailedAllocation", Time since last: 10 ns, Total:   40000000 ns\n'
        '[2100ms] Safepoint "ICBufferFull", Time since last: 10 ns, Total:    3000000 ns\n'
        '[2200ms] Safepoint "ParallelGCFailedAllocation", Time since last: 10 ns, Total:   400000 ns\n'
        '[2300ms] Safepoint "CollectForMetadataAllocation", Time since last: 10 ns, Total:  600000000 ns\n'
    )

    assert list(pauses("tm", log)) == [
        Span("tm paused", "G", 1960.0, 2000.0),
        Span("tm paused", "s", 2097.0, 2100.0),
        Span("tm paused", "G", 1700.0, 2300.0),
    ]
