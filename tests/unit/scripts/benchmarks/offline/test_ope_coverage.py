"""How right estimates are, over logs of known worlds."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.ope_coverage import measure


def test_every_estimator_has_its_error_and_its_coverage() -> None:
    found = measure(4_000, 2)
    assert (found["rows"], found["repeats"]) == (4_000, 2)
    assert {"ips", "dm", "dr"} <= found["estimates"].keys()
    for each in found["estimates"].values():
        assert each["rmse"] >= 0.0
        assert each["coverage"] is None or 0.0 <= each["coverage"] <= 1.0


def test_logs_that_are_all_too_small_are_counted_as_refused() -> None:
    """A log that says nothing is an answer of the benchmark, not an error."""
    found = measure(100, 2)
    assert (found["refused"], found["estimates"], found["dr_rmse_to_best_of_ips_and_dm"]) == (2, {}, None)
