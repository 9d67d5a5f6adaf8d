"""What a standstill is told as; rescaling itself needs a stack."""

from __future__ import annotations

import pytest

from tideline.scripts.benchmarks.live.rescaled import delays


def test_a_standstill_is_the_longest_time_without_a_list_whatever_order_they_came_in() -> None:
    """Contract: events each second, none of those due in 5 to 14 s listed before 15 s; all of them within .5 s then."""
    due = [float(second) for second in range(30)]
    made = [max(at, 15.0 + at / 30) if 5.0 <= at < 15.0 else at + 0.05 for at in due]
    seen = [(at * 1000, (then - at) * 1000) for at, then in zip(due, made, strict=True)]
    found = delays(seen[::-1], begun_ms=5_000.0)
    assert found["standstill_s"] == pytest.approx(15.0 - 4.05, abs=0.1)
    assert (found["late"], found["looked_at"], found["late_s"]) == (10, 30, 9.0)
    assert found["worst_ms"] == pytest.approx(10_166.7, abs=0.1)


def test_lists_that_are_all_in_time_are_none_late() -> None:
    found = delays([(0.0, 40.0), (100.0, 60.0)], begun_ms=50.0)
    assert found == {"standstill_s": 0.1, "late_s": 0.0, "late": 0, "looked_at": 2, "worst_ms": 60.0}
