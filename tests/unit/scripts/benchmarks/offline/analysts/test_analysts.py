"""Each way to read a log, at all rows and at a tenth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyarrow import parquet

from tideline.models.topic_data import load
from tideline.scripts.benchmarks.offline.analysts import analysts
from tideline.scripts.benchmarks.offline.analysts.one_way import TEST

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_each_way_has_its_peak_beside_that_of_a_tenth() -> None:
    """Contract: rows a second are of all rows by processor time; the ratio of both peaks says whether memory grows."""

    def run(module: str, argv: Sequence[str]) -> dict[str, Any]:
        rows = parquet.read_metadata(argv[1]).num_rows
        return {"peak_mib": 50.0 + rows / 100, "seconds": 9.0, "cpu_s": rows / 500}

    found = analysts.measure(1_000, ["report"], run)["ways"]
    assert list(found) == ["nothing", "table", "report"]
    assert found["report"] == {
        "peak_mib": 60.0, "seconds": 9.0, "cpu_s": 2.0, "rows_per_s": 500, "times": round(60 / 51, 2),
        "of_a_tenth": {"peak_mib": 51.0, "seconds": 9.0, "cpu_s": 0.2},
    }  # fmt: skip


def test_a_clickstream_is_written_only_for_those_who_read_one() -> None:
    """Contract: users of all rounds and a file to evaluate on; what a log takes is not asked then."""
    asked = []

    def run(module: str, argv: Sequence[str]) -> dict[str, Any]:
        data = load(argv[1])
        asked.append((argv[0], data.item.size, data.names.size > data.item.size // 20))
        assert Path(argv[1]).with_name(TEST).exists()
        return {"peak_mib": 50.0, "cpu_s": 1.0}

    found = analysts.measure(2_000, ["evaluate"], run)
    assert (list(found["ways"]), list(found["mib"])) == (["evaluate"], ["stream"])
    assert asked == [("evaluate", 200, True), ("evaluate", 2_000, True)]
