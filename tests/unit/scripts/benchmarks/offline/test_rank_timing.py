"""The clock of the ranking benchmark."""

from __future__ import annotations

import time

from tideline.scripts.benchmarks.offline.rank_timing import best_us


def test_the_fastest_run_counts_and_the_first_does_not() -> None:
    """Contract: microseconds a user; a warm-up run goes before those that are timed."""
    ran: list[float] = []

    def run() -> None:
        ran.append(time.perf_counter())
        time.sleep(0.002)

    assert 1_000 <= best_us(run, 2, 3) < 100_000
    assert len(ran) == 4
