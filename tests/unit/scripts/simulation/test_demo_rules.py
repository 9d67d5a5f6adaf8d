"""What the demo's marketer has set."""

from __future__ import annotations

import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.scripts.simulation.demo_rules import APPEAL, BUDGETS, CAPS, FLOORS, LIST_RULES, under_rules
from tideline.udfs.core.catalogue.activity import decode_activity, encode_activity

NAMES = (*BUDGETS, *FLOORS, *CAPS, *APPEAL)


def test_each_named_activity_bears_its_rule_and_the_others_are_as_they_were() -> None:
    """Contract: two budgets for the period, a floor, a cap, three variants; a marketer may write each of them so."""
    plain = [activity(name) for name in (*NAMES, "c18-eggs")]
    found = under_rules(plain, NOON_MS, NOON_MS + 12 * DAY_MS)
    known = {each.activity_id: each for each in found}
    assert len(set(NAMES)) == len(NAMES)
    assert found[-1] is plain[-1]
    for each in found:
        assert decode_activity(each.activity_id.encode(), encode_activity(each)) == each
    for name, (budget, cost) in BUDGETS.items():
        its = known[name]
        assert (its.budget, its.cost) == (budget, cost)
        assert (its.starts_ms, its.ends_ms) == (NOON_MS, NOON_MS + 12 * DAY_MS)
    assert [known[name].exposure_floor for name in FLOORS] == list(FLOORS.values())
    assert [known[name].cap for name in CAPS] == list(CAPS.values())
    assert [[each.id for each in known[name].variants] for name in APPEAL] == [list(each) for each in APPEAL.values()]
    assert (len(BUDGETS), [len(each) for each in APPEAL.values()]) == (2, [3])
    assert [(rule.by, rule.limit) for rule in LIST_RULES] == [("category", 3)]


@pytest.mark.parametrize("name", APPEAL)
def test_variants_make_no_click_likelier_on_average(name: str) -> None:
    """Contract: so who ranks without them expects what the offer alone would get."""
    factors = APPEAL[name].values()
    assert sum(factors) / len(factors) == pytest.approx(1.0)
