"""Spending that is known late, in few runs."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.rules import late_spend
from tideline.scripts.benchmarks.offline.rules.late_spend import HORIZONS, SETTINGS, Setting


def test_a_stop_by_what_was_spent_overdraws_a_day_and_the_reserve_does_not() -> None:
    """Contract: nor where some conversions come at once and others a day later."""
    found = late_spend.measure(runs=2, baseline_runs=1)
    assert found["share_over"] == 0.0
    assert found["a_day"]["realised"]["most_used"] > 2.0
    for name in ("quick", "mixed", "small_quick", "small_mixed"):
        assert found["a_day"][name]["most_used"] <= 1.0, name


def test_a_budget_of_two_weeks_is_used_where_conversions_come_at_once() -> None:
    """Contract: of one for 40 conversions too, of which nobody knows beforehand how late they come."""
    assert late_spend.run(1, HORIZONS["two_weeks"], SETTINGS["small_quick"]) > 0.9


def test_a_run_is_the_same_again() -> None:
    assert late_spend.run(4, HORIZONS["a_day"], Setting()) == late_spend.run(4, HORIZONS["a_day"], Setting())
