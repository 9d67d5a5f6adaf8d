"""The rules that the demo's marketer has set: budgets, a floor, a cap, variants, and a quota of its operator.

Budgets are for the period that is played, so their activities run as long as it does. What variants do to a click is
part of the hidden response, and 1 on average over them: whoever knows nothing of variants expects what the offer alone
would get.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.catalogue.competing import Variant
from tideline.udfs.core.ranking.list_rules import read_list_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tideline.udfs.core.catalogue.activity import Activity

BUDGETS = MappingProxyType({"c18-beef": (150.0, 1.0), "c18-soft-drinks": (160.0, 2.0)})
"""By activity: what it may spend, and what a conversion of it costs, dollars."""
FLOORS = MappingProxyType({"c18-coffee": 0.01})
CAPS = MappingProxyType({"c17-cheese": Cap(max_shown=3, window_ms=2 * 86_400_000)})
APPEAL: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {"c17-frzn-meat-meat-dinners": MappingProxyType({"plain": 0.7, "photo": 1.0, "recipe": 1.3})}
)
"""By activity with variants: by how much each of these makes a click likelier."""
QUOTA = '[{"by": "category", "penalty": [0, 0, 0, "ban"]}]'
"""At most three of a category on a list: the job's option."""
LIST_RULES = read_list_rules(QUOTA)


def under_rules(activities: Iterable[Activity], begins_ms: int, ends_ms: int) -> list[Activity]:
    """Return the activities of a period with their rules; the others are as they were."""
    return [_ruled(each, begins_ms, ends_ms) for each in activities]


def _ruled(activity: Activity, begins_ms: int, ends_ms: int) -> Activity:
    name = activity.activity_id
    if name in BUDGETS:
        budget, cost = BUDGETS[name]
        activity = replace(activity, budget=budget, cost=cost, starts_ms=begins_ms, ends_ms=ends_ms)
    if name in FLOORS:
        activity = replace(activity, exposure_floor=FLOORS[name])
    if name in CAPS:
        activity = replace(activity, cap=CAPS[name])
    if name in APPEAL:
        activity = replace(activity, variants=tuple(Variant(each) for each in APPEAL[name]))
    return activity
