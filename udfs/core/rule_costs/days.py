"""What rules cost day by day, as the learner keeps and publishes it: one record, the same in any order.

Kept are the last days; what comes for an earlier one, such as a list that is written again for a user last seen then,
is left out. So are the prices that a record has no room for: of the newest day it holds as many as fit, by rising id,
then of the day before. What classes cost is always there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.schemas.records import MAX_VALUE_BYTES, RULE_COSTS
from tideline.udfs.core.rule_costs.front import PLACES, Front
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.rule_costs.sums import CLASS_SUMS, DayCosts, Prices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KEPT_DAYS = 8
"""The newest day and a week before it."""
_CLASS_FIELDS = ("name", "cost_micro", "squares_micro", "changed", "alone_micro", "clicks_micro")
_PRICE_FIELDS = ("activity_id", "lists", "price", "offset", "stopped")
_DAY_BYTES = 640
"""A day without prices takes no more: 6 names and 35 numbers."""
_FRONT_BYTES = 20 + 2 * 9 * PLACES


def encode_costs(days: Iterable[DayCosts], epoch: int = 0) -> bytes:
    """Return the record of some days, each once, at most as long as a record is read."""
    each_day = list(days)
    told = zip(each_day, _names_that_fit(each_day), strict=True)
    return RULE_COSTS.encode({"days": [_of_day(costs, names) for costs, names in told], "epoch": epoch})


def _names_that_fit(days: Sequence[DayCosts]) -> list[list[str]]:
    """Return by day whose prices a record has room for: those of the newest day first, then by rising id."""
    fronts = sum(len(costs.fronts) for costs in days)
    room = MAX_VALUE_BYTES - _DAY_BYTES * (len(days) + 1) - _FRONT_BYTES * fronts
    found: dict[int, list[str]] = {costs.day: [] for costs in days}
    for costs in sorted(days, key=lambda costs: -costs.day):
        for name in sorted(costs.prices):
            room -= _bytes_of(name, costs.prices)
            if room < 0:
                return [found[costs.day] for costs in days]
            found[costs.day].append(name)
    return [found[costs.day] for costs in days]


def _bytes_of(name: str, prices: Mapping[str, Prices]) -> int:
    """Return what the prices of an activity take: Avro writes seven bits of a number in a byte, one is its sign."""
    length = len(name.encode())
    return length + sum((abs(number).bit_length() + 7) // 7 for number in (length, *prices[name])) + 1


def _of_day(costs: DayCosts, names: Sequence[str]) -> dict[str, object]:
    classes = zip(RuleClass, costs.classes.tolist(), strict=True)
    return {
        "day": costs.day,
        "lists": costs.lists,
        "expected_micro": costs.expected,
        "expected_clicks_micro": costs.expected_clicks,
        "lists_alone": costs.lists_alone,
        "classes": [dict(zip(_CLASS_FIELDS, (str(each), *numbers), strict=True)) for each, numbers in classes],
        "activities": [dict(zip(_PRICE_FIELDS, (name, *costs.prices[name]), strict=True)) for name in names],
        "fronts": [_of_front(mark, front) for mark, front in sorted(costs.fronts.items())],
    }


def _of_front(mark: int, front: Front) -> dict[str, object]:
    told = {"worth_micro": front.worth.tolist(), "clicks_micro": front.clicks.tolist()}
    return {"weights": mark, "lists": front.lists, **told}


def _fronts(told: Iterable[Mapping[str, Any]]) -> dict[int, Front]:
    """Return the fronts of a record, those of another number of places left out: another build's."""
    return {
        each["weights"]: Front(
            each["lists"], np.array(each["worth_micro"], np.int64), np.array(each["clicks_micro"], np.int64)
        )
        for each in told
        if len(each["worth_micro"]) == len(each["clicks_micro"]) == PLACES
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
                _fronts(each["fronts"]),
            )
        )
    return found


def is_costs(value: bytes) -> bool:
    """Return whether bytes are a record of costs: feedback, which travels the same way, begins otherwise."""
    return RULE_COSTS.wrote(value)


def with_more(kept: bytes | None, parts: Iterable[bytes], epoch: int = 0, mark: int | None = None) -> bytes:
    """Return the record of what is kept and what is new: to be kept, and to be published.

    Fronts are those of the weights of this `mark` alone, of none without: a record takes in what is read, however often
    a deployment was started with others.
    """
    days: dict[int, DayCosts] = {}
    for record in [*([] if kept is None else [kept]), *parts]:
        for costs in decode_costs(record):
            days[costs.day] = days[costs.day].plus(costs) if costs.day in days else costs
    since = max(days, default=0) - KEPT_DAYS
    mine = [_of_mark(days[day], mark) for day in sorted(days) if day > since]
    return encode_costs(mine, epoch)


def _of_mark(costs: DayCosts, mark: int | None) -> DayCosts:
    return costs._replace(fronts={at: front for at, front in costs.fronts.items() if at == mark})
