"""What an activity may spend and how often it may be shown in all, as a marketer states it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.fields import MAX_AMOUNT

if TYPE_CHECKING:
    from tideline.schemas.fields import Fields

PACINGS = ("even", "front", "none")
MAX_TOTAL = 10**12
"""Largest total cap and stock."""
_STOCK_NAMES = ("left", "as_of_ms")


@dataclass(frozen=True, slots=True)
class Stock:
    """How many conversions there was stock for at a moment."""

    left: int
    as_of_ms: int


class Spending(NamedTuple):
    """Limits over all users together."""

    budget: float | None
    cost: float
    pacing: str
    total_cap: int | None
    stock: Stock | None


def read_spending(fields: Fields) -> Spending:
    """Return what a record states; raises InvalidRecord where it cannot hold."""
    budget = None if fields.given("budget") is None else fields.number("budget", 0, MAX_AMOUNT)
    cost = fields.number("cost", 0, MAX_AMOUNT)
    if budget is not None and not cost:
        fields.refuse("cost", f"above 0 beside budget={budget:g}, which it is spent of")
    pacing = fields.choice("pacing", PACINGS)
    if budget is None and pacing != PACINGS[0]:
        fields.refuse("pacing", f"{PACINGS[0]} without a budget: it says how one is spread")
    total_cap = None if fields.given("total_cap") is None else fields.integer("total_cap", 1, MAX_TOTAL)
    return Spending(budget, cost, pacing, total_cap, _stock(fields))


def _stock(fields: Fields) -> Stock | None:
    if fields.given("stock") is None:
        return None
    stock = fields.inner("stock", {}, _STOCK_NAMES)
    return Stock(stock.integer("left", 0, MAX_TOTAL), stock.moment("as_of_ms"))
