"""The price of rules as a report tells it: what each class cost, and what one more unit of money would earn."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.budgets.pacing import PRICE_UNIT
from tideline.udfs.core.rule_costs.front import MORE
from tideline.udfs.core.rule_costs.steps import MICRO
from tideline.udfs.core.rule_costs.sums import ONE_IN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLICKS = "clicks"
BUDGET, CAP, STOCK, FLOOR = "budget ", "total cap ", "stock ", "floor "
"""What the constraint of an activity begins with; its id follows."""
_SQUARES = 1e-6
_NEAR_PLAN = 0.9
_TITLES = {
    "caps": "caps and times away",
    "stops": "what is spent or sold",
    "prices": "prices of budgets",
    "offsets": "floors",
    "list_rules": "list rules",
    "exploration": "exploration",
    CLICKS: "clicks that are kept",
}


def rule_prices(rules: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the section `rules` of a report, None where the log knows of none.

    `expected` and costs are estimates for all lists, in worth: 1 is a click with the default weights. `bound` says
    whether a rule holds something back now.
    """
    if rules is None:
        return None
    days: list[dict[str, Any]] = rules["days"]
    lists, expected = sum(each["lists"] for each in days), sum(each["expected_micro"] for each in days)
    clicks = sum(each["expected_clicks_micro"] for each in days)
    rows = [*_classes(days, lists, expected, clicks), *_kept_clicks(rules), *_activities(rules)]
    whole = [row["cost"] for row in rows if row["cost"] is not None]
    return {
        "from": _date(days[0]["day"]) if days else None,
        "to": _date(days[-1]["day"]) if days else None,
        "lists": lists * ONE_IN,
        "sampled": lists,
        "expected": round(expected * ONE_IN / MICRO, 6),
        "cost": round(sum(whole), 6) if days else None,
        "share": round(sum(whole) * MICRO / (expected * ONE_IN), 6) if expected > 0 else None,
        "rows": rows,
    }


def _date(day: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day):%Y-%m-%d}"


def _row(constraint: str, **known: Any) -> dict[str, Any]:
    names = ("price", "cost", "cost_se", "share", "share_of_clicks", "alone", "used", "planned", "lists_changed")
    return {"constraint": constraint, **dict.fromkeys(names), "bound": False, **known}


def _classes(days: list[dict[str, Any]], lists: int, expected: int, clicks: int) -> Iterator[dict[str, Any]]:
    sums: dict[str, dict[str, int]] = {}
    for day in days:
        for each in day["classes"]:
            mine = sums.setdefault(each["name"], dict.fromkeys(each.keys() - {"name"}, 0))
            for name in mine:
                mine[name] += each[name]
    alone_lists = sum(day["lists_alone"] for day in days)
    largest = max(sums, key=lambda name: sums[name]["cost_micro"], default=None)
    for name, each in sums.items():
        cost = each["cost_micro"] / MICRO
        spread = each["squares_micro"] * _SQUARES - cost * cost / lists if lists else 0.0
        alone = each["alone_micro"] * ONE_IN * lists / alone_lists / MICRO if alone_lists and name == largest else None
        yield _row(
            name,
            cost=round(cost * ONE_IN, 6),
            cost_se=round(ONE_IN * math.sqrt(max(spread, 0.0)), 6),
            share=round(each["cost_micro"] / expected, 6) if expected > 0 else None,
            share_of_clicks=round(each["clicks_micro"] / clicks, 6) if clicks > 0 else None,
            alone=None if alone is None else round(alone, 6),
            lists_changed=round(each["changed"] / lists, 6) if lists else None,
            bound=each["changed"] > 0,
        )


def _kept_clicks(rules: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what keeping clicks takes from worth, and the share that lists keep; it is part of what prices cost."""
    more = rules.get("click_worth")
    fronts = [each for day in rules["days"] for each in day.get("fronts", ())]
    if more is None or not fronts:
        return
    mine = [each for each in fronts if each["weights"] == fronts[-1]["weights"]]
    place = int(np.abs(np.array(MORE) - more).argmin())  # it was rounded to a whole number of PRICE_UNIT
    worth, clicks = (np.array([each[name] for each in mine]).sum(axis=0) for name in ("worth_micro", "clicks_micro"))
    yield _row(
        CLICKS,
        price=round(more, 6),
        share=round(1.0 - worth[place] / worth[0], 6) if worth[0] > 0 else None,
        used=round(clicks[place] / clicks[-1], 6) if clicks[-1] > 0 else None,
        planned=round(clicks[0] / clicks[-1], 6) if clicks[-1] > 0 else None,
        bound=more > 0.0,
    )


def _activities(rules: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    newest = {each["activity_id"]: each for each in (rules["days"][-1]["activities"] if rules["days"] else ())}
    for name, each in rules["activities"].items():
        day = newest.get(name, {"lists": 0, "stopped": 0, "price": 0, "offset": 0})
        if each["budget"]:
            used = (each["spent"] + each["pending"]) / each["budget"]
            planned = each["planned"]
            now = None if each["stopped"] else each["price"]
            yield _row(
                BUDGET + name,
                price=_mean(day["price"], day["lists"] - day["stopped"], now),
                used=round(used, 6),
                planned=None if planned is None else round(planned, 6),
                bound=each["stopped"] or (planned is not None and used >= _NEAR_PLAN * planned > 0.0),
            )
        for what, used, most in ((CAP, each["impressions"], each["total_cap"]), (STOCK, each["sold"], each["stock"])):
            if most:
                yield _row(what + name, used=round(used / most, 6), bound=each["stopped"])
        if each["floor"]:
            yield _row(
                FLOOR + name, price=_mean(day["offset"], day["lists"], each["offset"]), bound=each["offset"] > 0.0
            )


def _mean(total: int, lists: int, now: float | None) -> float | None:
    """Return the mean of a day over lists, or what it is now where there were none."""
    value = total * PRICE_UNIT / lists if lists else now
    return None if value is None else round(value, 6)


def price_lines(found: Mapping[str, Any] | None) -> list[str]:
    """Return the section as lines of text: a table and what it means."""
    if found is None:
        return []
    head = ("constraint", "price", "cost", "used / planned", "lists changed", "bound")
    cells = [head, *(cells_of(row) for row in found["rows"])]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]
    return [*lines, *sentences(found)]


def cells_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a row of the table: constraint, price, cost, used / planned, lists changed, bound."""
    cost = "-" if row["cost"] is None else f"{row['cost']:,.2f} +- {row['cost_se']:,.2f}"
    share = "" if row["share"] is None else f" ({row['share']:.1%})"
    used, planned = ("-" if row[name] is None else f"{row[name]:.1%}" for name in ("used", "planned"))
    changed = "-" if row["lists_changed"] is None else f"{row['lists_changed']:.1%}"
    price = "-" if row["price"] is None else f"{row['price']:.4f}"
    return (
        title_of(row["constraint"]),
        price,
        cost + share,
        f"{used} / {planned}",
        changed,
        "yes" if row["bound"] else "no",
    )


def title_of(constraint: str) -> str:
    """Return how people call a constraint."""
    return _TITLES.get(constraint, constraint)


def sentences(found: Mapping[str, Any]) -> list[str]:
    """Return in words what the dearest classes cost and what one more unit of money would earn."""
    said = []
    if found["share"] is not None:
        period = found["from"] if found["from"] == found["to"] else f"{found['from']} to {found['to']}"
        said.append(
            f"{period}: rules cost {found['share']:.1%} of what lists were expected to earn without them "
            f"(one list in {ONE_IN}: {found['sampled']:,})"
        )
    kept = [row for row in found["rows"] if row["constraint"] == CLICKS and None not in (row["share"], row["used"])]
    said += [
        f"lists keep {row['used']:.1%} of the clicks they could have, {row['planned']:.1%} by the weights alone; that "
        f"costs {row['share']:.1%} of worth"
        for row in kept
    ]
    costly = [row for row in found["rows"] if row["cost"] and row["share"] and row["share"] > 0.0]
    for row in sorted(costly, key=lambda row: -row["share"]):
        alone = "" if row["alone"] is None else f"; without them alone {row['alone']:,.2f} more would be earned"
        of_clicks = "" if row["share_of_clicks"] is None else f", {row['share_of_clicks']:.1%} of clicks"
        said.append(f"{title_of(row['constraint'])} cost {row['share']:.1%} of that{of_clicks}{alone}")
    budgets = [row for row in found["rows"] if row["constraint"].startswith(BUDGET) and row["price"]]
    return said + [
        f"one more unit of money for {row['constraint'].removeprefix(BUDGET)} would earn {row['price']:.2f}"
        for row in budgets
    ]
