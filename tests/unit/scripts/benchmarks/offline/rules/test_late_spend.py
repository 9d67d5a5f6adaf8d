"""Spending that is known late, in few runs."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.rules import late_spend
from tideline.scripts.benchmarks.offline.rules.late_spend import Stop


def test_a_stop_by_what_was_spent_overdraws_a_day_and_the_reserve_does_not() -> None:
    found = late_spend.measure(runs=2, baseline_runs=1)
    assert found["share_over"] == 0.0
    assert found["a_day"]["realised"]["most_used"] > 2.0
    assert found["a_day"]["alone"]["most_used"] <= 1.0


def test_a_run_is_the_same_again() -> None:
    assert late_spend.run(4, 24, Stop.RESERVE) == late_spend.run(4, 24, Stop.RESERVE)
