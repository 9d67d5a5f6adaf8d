"""What prices say of one more unit, and one list in 64 of all, in a small world."""

from __future__ import annotations

import pytest

from tideline.scripts.benchmarks.offline.rules import price_report
from tideline.udfs.core.rule_costs.steps import RuleClass


def test_a_price_is_about_what_one_more_unit_is_worth_and_a_sample_about_what_all_lists_are() -> None:
    found = price_report.measure(requests=8_000)
    assert found["marginal_off"] < 0.15
    assert found["day_off"] < 0.6
    assert found["sampled_off_se"] < 4.0
    assert found["worst_class_off_se"] < 4.0
    assert 0.0 < found["total"] < 0.3
    classes = found["classes"]
    assert classes.keys() == set(RuleClass)
    assert sum(each["exact"] for each in classes.values()) == pytest.approx(found["exact"])
    assert found["exact"] == pytest.approx(found["total"] * found["expected"])
    assert all(0.0 < each["lists_changed"] < 1.0 for each in classes.values())
    assert 0.0 < found["of_ranking"] < 0.5
