"""The rules of the activities of the simulated year: each on every so manieth, so that in time all come together."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tideline.udfs.core.catalogue.activity import Activity, Rule
from tideline.udfs.core.catalogue.eligibility.user_caps import UserCap
from tideline.udfs.core.catalogue.spending import PACINGS, Stock
from tideline.udfs.core.ranking.list_rules import read_list_rules
from tideline.udfs.core.ranking.placements import read_placements

if TYPE_CHECKING:
    from random import Random

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
GROUPS = tuple(f"g{number}" for number in range(6))
KINDS = ("coupon", "banner", "campaign", "event")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Adelaide")
TIERS, COUNTRIES, SEGMENTS = ("gold", "silver", "basic"), ("DE", "AT", "CH"), ("family", "student", "other")
COST = 2.5
LIST_RULES = read_list_rules(
    [
        {"by": "category", "penalty": [0, 0, 0, 0, "ban"]},
        {"by": "label.slot", "penalty": [0, "ban"]},
        {"by": "label.brand", "window": 3, "penalty": [0, "ban"]},
        {"by": "kind", "penalty": [0, 0, 0, 0, 2, 5]},
    ]
)
"""A quota, a mutual exclusion, a distance and diminishing returns."""
PLACEMENTS = read_placements(
    [
        {"name": "hero", "number": 5, "size": 2, "kinds": ["banner", "event"], "exploration": 0.05},
        {
            "name": "cart",
            "number": 33,
            "size": 4,
            "apart_from": ["default"],
            "weights": {"click": 1, "conversion": 10},
            "list_rules": [{"by": "kind", "penalty": [0, 0, "ban"]}],
        },
    ]
)
"""One that may repeat what the default list has, and one that may not, with rules of its own."""
_LIMITED_OF, _BUDGETS, _STOCK, _TOTAL_CAP = 13, (3, 6), 9, 11
"""Which of so many activities have what."""
_HOURS = (
    (("all", "07:00", "21:30"),),
    (("mon", "06:00", "23:00"), ("wed", "06:00", "23:00"), ("fri", "12:00", "03:00"), ("sat", "10:00", "24:00")),
)


def ruled(activity: Activity, number: int, random: Random) -> Activity:
    """Return an activity with the rules that its number gives it; every third has none and is for everybody."""
    more: dict[str, Any] = {"group": GROUPS[number // 12 % len(GROUPS)], "kind": KINDS[number // 5 % len(KINDS)]}
    more["labels"] = _labels(number)
    if number % 3:
        more |= (
            _who(activity.rule or Rule(), number)
            | _how_often(number)
            | _when(number)
            | _how_much(activity, number, random)
        )
    return replace(activity, **more)


def _labels(number: int) -> dict[str, str]:
    found = {"brand": f"b{number % 5}"} if number % 2 else {}
    return found | ({"slot": "top"} if number % 7 == 3 else {})


def _who(rule: Rule, number: int) -> dict[str, Any]:
    clauses: dict[int, list[Any]] = {
        1: [{"label.tier": {"in": ["gold", "silver"]}}],
        4: [{"any": [{"label.country": {"in": ["DE"]}}, {"not": {"label.segment": {"in": ["family"]}}}]}],
        7: [{"not": {"item": {"in": [f"deal-{number // 3 * 3 // 2}"], "type": "purchase", "within_days": 14}}}],
        10: [{"not": {"weekday": {"in": ["sun"], "zone": "Europe/Berlin"}}}, {"hour_local": {">=": 9}}],
        13: [
            {"hour_local": {"in": list(range(6, 21)), "zone": "Asia/Tokyo"}},
            {"not": {"label.tier": {"in": ["basic"]}}},
        ],
    }
    asked = clauses.get(number % 16)
    if asked is None:
        return {}
    form = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return {"rule": replace(rule, all=form), "time_zone": _zone(number)}


def _how_often(number: int) -> dict[str, Any]:
    other = GROUPS[(number // 12 + 1) % len(GROUPS)]
    caps = {
        1: UserCap("group", 3, _DAY_MS),
        5: UserCap("all", 30, _HOUR_MS),
        8: UserCap("kind", 8, _DAY_MS),
        11: UserCap("group", 1, 7 * _DAY_MS, "click", other),
    }
    found: dict[str, Any] = {"caps": (caps[number % 14],)} if number % 14 in caps else {}
    if number % 11 == 2:
        found["after_click_ms"] = 2 * _DAY_MS
    if number % 5 == 2:
        found["after_dismiss_ms"] = 4 * _DAY_MS
    return found


def _when(number: int) -> dict[str, Any]:
    if number % 10 not in (4, 9):
        return {}
    return {"hours": _HOURS[number % 10 == 9], "time_zone": _zone(number)}


def _how_much(activity: Activity, number: int, random: Random) -> dict[str, Any]:
    """Return limits over all users, small enough for many of them to be reached."""
    kind = number % _LIMITED_OF
    if kind in _BUDGETS:
        pacing = PACINGS[number // _LIMITED_OF % len(PACINGS)]
        items = activity.items or ((f"lot-{number}",) if kind == _BUDGETS[1] else ())
        return {"budget": COST * random.randrange(4, 30), "cost": COST, "pacing": pacing, "items": items}
    if kind == _STOCK:
        return {"stock": Stock(random.randrange(4, 20), activity.starts_ms)}
    return {"total_cap": random.randrange(20, 400)} if kind == _TOTAL_CAP else {}


def is_bargain(activity_id: str) -> bool:
    """Return whether everybody likes an activity: those with limits, so that there is a run on what is scarce."""
    number = int(activity_id[1:])
    return number % 3 > 0 and number % _LIMITED_OF in (*_BUDGETS, _STOCK, _TOTAL_CAP)


def _zone(number: int) -> str:
    return ZONES[number % len(ZONES)]
