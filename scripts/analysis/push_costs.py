"""What rules of messages cost, as far as their log says it: in what the job expected messages to add, costs off.

A point at which nothing was drawn leaves no record: quiet hours, a day or week that is used up, who is never sent any,
who has not agreed. What those cost is not in the log and not said here; counters of the job say how many they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.push.push_prices import SEND
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.scripts.analysis.push_log import PushHistory
    from tideline.udfs.core.push.push_record import PushRecord


class Cost(NamedTuple):
    """How many points a rule bore on, and what they would have added without it."""

    points: int
    value: float


class PushCosts(NamedTuple):
    """What each rule cost."""

    room: Cost
    """Points that were worth sending and not worth the room of their user's week, or of all users' day: at most so
    much, for without a price a point of which little is known would not be sent as surely as can be. The record has
    the higher of both prices, so the two are not told apart."""
    chance: Cost
    """Points worth their price: what the chance to withhold them takes, so that it is known what messages bring."""
    must: Cost
    """Messages that had to be sent and were expected to add less than nothing: so much less."""
    not_sent: dict[str, Cost]
    """By reason those that were to be sent and were not."""


def costs_of(history: PushHistory) -> PushCosts:
    """Return what each rule cost in a log: by the chances that were drawn with, and not by how the draws fell."""
    drawn = [each for each in history.records if not each.must]
    not_sent: dict[str, list[PushRecord]] = {}
    for each in history.records:
        if each.sent and each.push_id in history.not_sent:
            not_sent.setdefault(history.not_sent[each.push_id], []).append(each)
    return PushCosts(
        _cost(max(SEND - each.chance, 0) / PARTS * each.value for each in drawn if 0.0 < each.value <= each.price),
        _cost((PARTS - each.chance) / PARTS * each.value for each in drawn if each.value > max(each.price, 0.0)),
        _cost(-each.value for each in history.records if each.must and each.value < 0.0),
        {reason: _cost(each.value for each in some) for reason, some in sorted(not_sent.items())},
    )


def _cost(values: Iterable[float]) -> Cost:
    found = list(values)
    return Cost(len(found), sum(found))
