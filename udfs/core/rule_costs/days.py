"""What rules cost day by day, as the learner keeps and publishes it: one record, the same in any order.

Kept are the last days; what comes for an earlier one, such as a list that is written again for a user last seen then,
is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.schemas.records import RULE_COSTS
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.rule_costs.sums import CLASS_SUMS, DayCosts, Prices

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT_DAYS = 8
"""The newest day and a week before it."""
_CLASS_FIELDS = ("name", "cost_micro", "squares_micro", "changed", "alone_micro", "clicks_micro")
_PRICE_FIELDS = ("activity_id", "lists", "price", "offset", "stopped")


def encode_costs(days: Iterable[DayCosts], epoch: int = 0) -> bytes:
    """Return the record of some days, each once."""
    return RULE_COSTS.encode({"days": [_of_day(each) for each in days], "epoch": epoch})


def _of_day(costs: DayCosts) -> dict[str, object]:
    classes = zip(RuleClass, costs.classes.tolist(), strict=True)
    return {
        "day": costs.day,
        "lists": costs.lists,
        "expected_micro": costs.expected,
        "expected_clicks_micro": costs.expected_clicks,
        "lists_alone": costs.lists_alone,
        "classes": [dict(zip(_CLASS_FIELDS, (str(each), *numbers), strict=True)) for each, numbers in classes],
        "activities": [
            dict(zip(_PRICE_FIELDS, (name, *costs.prices[name]), strict=True)) for name in sorted(costs.prices)
        ],
    }


def decode_costs(value: bytes) -> list[DayCosts]:
    """Return the days of a record; a class that it does not name cost nothing.

    Raises InvalidRecord where the value is no such record.
    """
    found = []
    for each in RULE_COSTS.decode(value)["days"]:
        of_class = {one["name"]: [one[name] for name in _CLASS_FIELDS[1:]] for one in each["classes"]}
        classes = np.array([of_class.get(str(one), [0] * CLASS_SUMS) for one in RuleClass], np.int64)
        prices = {one["activity_id"]: Prices(*(one[name] for name in _PRICE_FIELDS[1:])) for one in each["activities"]}
        found.append(
            DayCosts(
                each["day"],
                each["lists"],
                each["expected_micro"],
                each["expected_clicks_micro"],
                each["lists_alone"],
                classes,
                prices,
            )
        )
    return found


def is_costs(value: bytes) -> bool:
    """Return whether bytes are a record of costs: feedback, which travels the same way, begins otherwise."""
    return value.startswith(RULE_COSTS.header)


def with_more(kept: bytes | None, parts: Iterable[bytes], epoch: int = 0) -> bytes:
    """Return the record of what is kept and what is new: to be kept, and to be published."""
    days: dict[int, DayCosts] = {}
    for record in [*([] if kept is None else [kept]), *parts]:
        for costs in decode_costs(record):
            days[costs.day] = days[costs.day].plus(costs) if costs.day in days else costs
    since = max(days, default=0) - KEPT_DAYS
    return encode_costs([days[day] for day in sorted(days) if day > since], epoch)
