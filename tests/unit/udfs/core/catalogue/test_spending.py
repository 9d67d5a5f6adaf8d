"""Limits over all users, as a marketer states them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.core_world import NOON_MS, activity
from tideline.schemas.errors import InvalidField, Reason
from tideline.schemas.fields import Fields
from tideline.udfs.core.catalogue.spending import Spending, Stock, read_spending

LEAST: dict[str, Any] = {"cost": 0.0, "pacing": "even"}


def read(**stated: Any) -> Spending:
    return read_spending(Fields(LEAST | stated, Reason.BAD_ACTIVITY))


def test_what_is_not_stated_is_no_limit() -> None:
    assert read() == Spending(None, 0.0, "even", None, None)
    assert not activity("a", cost=2.0, exposure_floor=0.1).is_limited


@pytest.mark.parametrize("limit", [{"budget": 0.0}, {"total_cap": 1}, {"stock": Stock(0, NOON_MS)}])
def test_each_limit_is_one(limit: dict[str, Any]) -> None:
    assert activity("a", **limit).is_limited


def test_all_limits_may_stand_together() -> None:
    stock = {"left": 40, "as_of_ms": NOON_MS}
    found = read(budget=5, cost=2, pacing="none", total_cap=9, stock=stock)
    assert found == Spending(5.0, 2.0, "none", 9, Stock(40, NOON_MS))


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({"budget": 5}, r"cost=0.0; allowed: above 0 beside budget=5"),
        ({"pacing": "front"}, r"pacing='front'; allowed: even without a budget"),
        ({"budget": 5, "cost": 1, "pacing": "slow"}, r"pacing='slow'; allowed: even, front, none"),
        ({"total_cap": 1.5}, r"total_cap=1.5; allowed: a whole number of 1"),
        (
            {"stock": {"left": 4, "as_of_ms": NOON_MS, "of": "sku-17"}},
            r"stock.of='sku-17'; allowed: only the fields left",
        ),
    ],
)
def test_what_cannot_hold_is_refused(stated: dict[str, Any], told: str) -> None:
    """Contract: with key, value and what is allowed."""
    with pytest.raises(InvalidField, match=told):
        read(**stated)
