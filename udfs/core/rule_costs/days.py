"""What rules cost day by day, as the learner keeps and publishes it: one record a day, the same in any order.

Kept are the last days. What comes for an earlier one, such as a list that is written again for a user last seen then,
is left out, so that no published day is ever replaced by a part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.rule_costs.sums import decode_costs, encode_costs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT_DAYS = 8
"""The newest day, and as many before it as the policy topic keeps every version."""


def with_more(kept: Mapping[str, bytes], parts: Iterable[bytes], epoch: int = 0) -> dict[str, bytes | None]:
    """Return the days that change, by their number as text: the record to keep and publish, None for one to forget."""
    days = {each.day: each for each in map(decode_costs, kept.values())}
    changed: set[int] = set()
    newest = max(days, default=None)
    for costs in sorted(map(decode_costs, parts), key=lambda each: -each.day):
        newest = costs.day if newest is None else max(newest, costs.day)
        if costs.day > newest - KEPT_DAYS:
            days[costs.day] = days[costs.day].plus(costs) if costs.day in days else costs
            changed.add(costs.day)
    found: dict[str, bytes | None] = {str(day): encode_costs(days[day], epoch) for day in sorted(changed)}
    return found | {name: None for name in kept if newest is not None and int(name) <= newest - KEPT_DAYS}
