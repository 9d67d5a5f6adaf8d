"""How fast an archive is read."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.archive_rate import measure


def test_rates_are_of_all_that_was_written() -> None:
    found = measure(rows=1000)
    assert found["rows"] == 2000
    assert min(found.values()) > 0
