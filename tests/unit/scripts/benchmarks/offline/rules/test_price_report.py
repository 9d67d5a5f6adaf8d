"""What prices say of one more unit, in a small world."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.rules import price_report


def test_a_price_is_about_what_one_more_unit_is_worth() -> None:
    found = price_report.measure(requests=20_000)
    assert found["marginal_off"] < 0.15
    assert found["sampled_off_se"] < 4.0
    assert 0.0 < found["total"] < 0.2
