"""Contract: memory counts from the minute on in which everything is warm."""

import os

import pytest

from tideline.scripts.benchmarks.live.soak import WARM_MINUTES, drift, resident_bytes

COLD = [50.0] * (WARM_MINUTES - 1)


def test_drift_is_the_largest_distance_from_the_first_warm_minute() -> None:
    assert drift([*COLD, 100.0, 101.0, 96.0, 102.0]) == pytest.approx(0.04)
    assert drift([*COLD, 100.0, 100.0]) == 0.0


def test_a_run_that_ends_before_it_is_warm_tells_nothing() -> None:
    assert drift(COLD) is None
    assert drift([*COLD, 100.0]) is None


def test_resident_memory_is_that_of_the_process() -> None:
    assert 5_000_000 < resident_bytes(os.getpid()) < 10_000_000_000
