"""The rules of the simulated year."""

from __future__ import annotations

from random import Random

from tests.unit.scripts.benchmarks.year.test_year_shop import running
from tideline.scripts.benchmarks.year.year_rules import ruled


def test_every_third_activity_is_for_everybody_and_each_rule_comes_often() -> None:
    """Contract: the popular list has enough to show; rules are many and come together."""
    found = [ruled(running(f"a{number:05d}"), number, Random(1)) for number in range(600)]
    for_all = [each for each in found if not (each.rule or each.limits() or each.is_limited or each.hours)]
    assert len(for_all) >= 200
    limited = [each for each in found if each.is_limited]
    assert {"even", "front", "none"} == {each.pacing for each in limited}
    assert sum(each.total_cap is not None for each in limited) > 20
    assert sum(each.stock is not None for each in limited) > 20
    assert {cap.of for each in found for cap in each.limits()} == {"activity", "group", "kind", "all"}
    assert any(each.rule and each.caps and each.budget for each in found)
