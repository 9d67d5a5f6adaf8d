"""The price of rules as a report tells it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.unit.udfs.core.rule_costs.test_steps import EVERY_PLACE, sample_of
from tideline.schemas.records import RULE_COSTS
from tideline.scripts.analysis.rule_prices import price_lines, rule_prices
from tideline.udfs.core.budgets.pacing import PRICE_UNIT, in_price_units
from tideline.udfs.core.rule_costs.days import encode_costs
from tideline.udfs.core.rule_costs.front import MORE, PLACES, Front
from tideline.udfs.core.rule_costs.steps import MICRO, RuleClass, steps_of
from tideline.udfs.core.rule_costs.sums import ONE_IN, DayCosts, Prices, summed

PLAIN: dict[str, Any] = {
    "budget": None, "planned": 0.5, "spent": 0.0, "pending": 0.0, "total_cap": None, "impressions": 0, "stock": None,
    "sold": 0, "floor": 0.0, "stopped": False, "price": 0.0, "offset": 0.0,
}  # fmt: skip
ROW_KEYS = {
    "constraint", "price", "cost", "cost_se", "share", "share_of_clicks", "alone", "used", "planned", "lists_changed",
    "bound",
}  # fmt: skip


def document(days: list[DayCosts], **activities: dict[str, Any]) -> dict[str, Any]:
    known = {name.replace("_", "-"): PLAIN | each for name, each in activities.items()}
    return {"as_of_ms": 1, "activities": known, "days": RULE_COSTS.decode(encode_costs(days))["days"]}


def told(rules: dict[str, Any]) -> dict[str, Any]:
    found = rule_prices(rules)
    assert found is not None
    assert all(row.keys() == ROW_KEYS for row in found["rows"])
    return found


def test_costs_are_those_of_all_days_for_all_lists() -> None:
    """Contract: 64 times what the samples cost, with its standard error; shares of what was expected; the largest
    class also alone; all classes together are what rules cost."""
    samples = [sample_of(seed, users=4000) for seed in (1, 2)]
    found = told(document([summed(each, EVERY_PLACE, 20_000 + at) for at, each in enumerate(samples)]))
    steps = [steps_of(each, EVERY_PLACE) for each in samples]
    costs = np.concatenate([each.costs for each in steps], axis=1) / MICRO
    expected = sum(each.values[0].sum() for each in steps) / MICRO
    assert (found["from"], found["to"], found["sampled"], found["lists"]) == ("2024-10-04", "2024-10-05", 8000, 512_000)
    assert found["expected"] == pytest.approx(ONE_IN * expected)
    assert found["cost"] == pytest.approx(ONE_IN * costs.sum(), abs=1e-4)
    assert found["share"] == pytest.approx(costs.sum() / expected, abs=1e-6)
    assert [row["constraint"] for row in found["rows"]] == list(RuleClass)
    for row, cost in zip(found["rows"], costs, strict=True):
        assert row["cost"] == pytest.approx(ONE_IN * cost.sum(), abs=1e-5)
        assert row["cost_se"] == pytest.approx(ONE_IN * cost.std() * math.sqrt(8000), rel=1e-3)
        assert row["share"] == pytest.approx(cost.sum() / expected, abs=1e-6)
        assert row["share_of_clicks"] == pytest.approx(row["share"], abs=1e-4)  # half of worth is clicks everywhere
        assert row["bound"]
    largest = RuleClass(max(found["rows"], key=lambda row: row["cost"])["constraint"])
    assert [row["constraint"] for row in found["rows"] if row["alone"] is not None] == [largest]


def test_a_price_is_the_mean_over_the_newest_days_lists_that_could_have_the_activity() -> None:
    """Contract: where it was stopped it had no price; without lists, what it is now."""
    zeros = np.zeros((6, 5), np.int64)
    days = [
        DayCosts(8, 5, 0, 0, 0, zeros, {"c08-0042": Prices(5, 5 << 30, 0, 0)}),
        DayCosts(9, 4, 0, 0, 0, zeros, {"c08-0042": Prices(4, 3 << 24, 0, 2), "owed": Prices(4, 0, 1 << 24, 0)}),
    ]
    spending = {"budget": 100.0, "spent": 30.0, "pending": 20.0, "price": 9.0}
    found = told(
        document(
            days,
            c08_0042=spending,
            new=spending | {"budget": 1000.0},
            over=spending | {"stopped": True, "price": 0.0},
            owed={"floor": 0.1, "offset": 0.5},
        )
    )
    rows = {row["constraint"]: row for row in found["rows"]}
    assert rows["budget c08-0042"]["price"] == 1.5
    assert (rows["budget c08-0042"]["used"], rows["budget c08-0042"]["planned"]) == (0.5, 0.5)
    assert [rows[f"budget {name}"]["price"] for name in ("new", "over")] == [9.0, None]
    assert [rows[f"budget {name}"]["bound"] for name in ("c08-0042", "new", "over")] == [True, False, True]
    assert (rows["floor owed"]["price"], rows["floor owed"]["bound"]) == (0.25, True)


def test_what_is_used_of_caps_and_stock_is_told_beside_budgets() -> None:
    """Contract: bound where it is used up; a budget without pacing has no plan."""
    given = {
        "budget": 10.0,
        "spent": 9.0,
        "planned": None,
        "total_cap": 1000,
        "impressions": 1010,
        "stock": 4,
        "sold": 3,
    }
    found = told(document([], a=given | {"stopped": True}, b=given))
    assert [(row["constraint"], row["used"], row["planned"], row["bound"]) for row in found["rows"]] == [
        *(("budget a", 0.9, None, True), ("total cap a", 1.01, None, True), ("stock a", 0.75, None, True)),
        *(("budget b", 0.9, None, False), ("total cap b", 1.01, None, False), ("stock b", 0.75, None, False)),
    ]
    assert any("101.0% / -" in line for line in price_lines(found))


def test_what_is_found_is_told_as_a_table_and_in_words() -> None:
    """Contract: the dearest class first; nothing of what has no price."""
    classes = np.zeros((6, 5), np.int64)
    classes[0] = 31_000, 10**6, 5, 0, 10_500
    classes[2] = 9_000, 10**6, 3, 0, 0
    days = [DayCosts(20_000, 100, 1_000_000, 500_000, 0, classes, {"c08-0042": Prices(100, 86 * 2**24, 0, 0)})]
    lines = price_lines(
        told(document(days, c08_0042={"budget": 10.0, "spent": 4.0}, over={"budget": 1.0, "stopped": True}))
    )
    assert lines[0].split() == ["constraint", "price", "cost", "used", "/", "planned", "lists", "changed", "bound"]
    assert any(line.split()[:2] == ["budget", "c08-0042"] and "40.0% / 50.0%" in line for line in lines)
    assert lines[-4:] == [
        "2024-10-04: rules cost 4.0% of what lists were expected to earn without them (one list in 64: 100)",
        "caps and times away cost 3.1% of that, 2.1% of clicks",
        "prices of budgets cost 0.9% of that, 0.0% of clicks",
        "one more unit of money for c08-0042 would earn 0.86",
    ]


def test_a_log_that_knows_of_no_rules_tells_nothing() -> None:
    assert rule_prices(None) is None
    assert price_lines(None) == []


def test_budgets_of_a_job_that_has_sampled_nothing_yet_are_told() -> None:
    """Contract: no cost is made up."""
    found = told(document([], a={"budget": 10.0, "price": 0.5}))
    assert (found["from"], found["cost"], found["share"], found["sampled"]) == (None, None, None, 0)
    assert [row["price"] for row in found["rows"]] == [0.5]
    assert price_lines(found)[-1] == "one more unit of money for a would earn 0.50"


def test_what_keeping_clicks_takes_is_said_beside_what_the_weights_alone_would_keep() -> None:
    """Contract: from all days' lists of the newest weights; no part of the sum, as it is one of what prices cost."""
    clicks = np.linspace(80, 100, PLACES).astype(np.int64)
    worth = np.linspace(1000, 500, PLACES).astype(np.int64)
    place = MORE.index(0.5)
    front = Front(90, worth, clicks)
    days = [summed(sample_of(1, 400), EVERY_PLACE, 20_000)._replace(fronts={7: front, 3: front}) for _ in range(2)]
    newest = days[1]._replace(day=20_001, fronts={7: front})
    found = told(document([days[0], newest]) | {"click_worth": 0.5})
    (row,) = [each for each in found["rows"] if each["constraint"] == "clicks"]
    assert (row["price"], row["cost"], row["bound"]) == (0.5, None, True)
    assert row["share"] == pytest.approx(1 - worth[place] / 1000, abs=1e-6)
    assert (row["used"], row["planned"]) == (round(float(clicks[place] / 100), 6), 0.8)
    lines = price_lines(found)
    assert any(line.startswith("clicks that are kept") for line in lines)
    said = f"lists keep {row['used']:.1%} of the clicks they could have, 80.0% by the weights alone; that costs"
    assert f"{said} {row['share']:.1%} of worth" in lines
    assert "clicks" not in [each["constraint"] for each in told(document([newest]) | {"click_worth": None})["rows"]]


@pytest.mark.parametrize("place", range(len(MORE)))
def test_what_lists_keep_is_told_of_the_worth_that_a_click_has(place: int) -> None:
    """Contract: at every step, though a standing rounds it, up or down."""
    clicks = np.arange(1000, 1000 + PLACES)
    day = summed(sample_of(1, 400), EVERY_PLACE, 20_000)._replace(fronts={7: Front(90, clicks[::-1].copy(), clicks)})
    more = in_price_units(MORE[place]) * PRICE_UNIT
    (row,) = [each for each in told(document([day]) | {"click_worth": more})["rows"] if each["constraint"] == "clicks"]
    assert row["used"] == round(float(clicks[place] / clicks[-1]), 6)
