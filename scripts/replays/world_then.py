"""What is still known of activities and orders of the time of a range, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from tideline.scripts.commands.printable import printable
from tideline.udfs.core.serving.past.changes import changes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.udfs.core.policies.policy_start import TopicRecord

_NAMED = 10


class WorldThen(TypedDict):
    """What is printed of it; `scripts/parsers/replay_parser.py` says what each is."""

    known: int
    changes: int
    lost: int
    assumed: list[str]
    orders: int
    orders_lost: int


def world_then(
    activities: Iterable[TopicRecord], orders: Iterable[TopicRecord], first_ms: int, last_ms: int
) -> WorldThen:
    """Return what the topics tell of a range whose records the broker took from one moment to another."""
    told, ordered = changes_of(activities), changes_of(orders)
    last = {each.key: each for each in told.told if each.from_ms <= first_ms}
    unsure = {key: ms for key, ms in told.unsure.items() if ms > first_ms}
    known = {key for key, each in last.items() if each.value is not None}
    return {
        "known": len(known | set(unsure)),
        "changes": sum(first_ms < each.from_ms <= last_ms for each in told.told),
        "lost": told.lost_before(last_ms + 1),
        "assumed": sorted(key.decode(errors="replace") for key in unsure),
        "orders": sum(each.from_ms <= last_ms for each in ordered.told),
        "orders_lost": ordered.lost_before(last_ms + 1),
    }


def described(world: WorldThen) -> list[str]:
    """Return the lines for people; none where everything is known."""
    lines = []
    if not world["known"]:
        lines.append("no activity was known when the range began: --world now takes those of today")
    if world["lost"]:
        named = printable(", ".join(world["assumed"][:_NAMED])) + ", ..." * (len(world["assumed"]) > _NAMED)
        then = (
            f"; taken for what they were first known as: {named}" if named else "; each was replaced before the range"
        )
        lines.append(f"{world['lost']:,} records of activities are gone from their topic{then}, or are of deleted ones")
    if world["orders_lost"]:
        told = "before the first that is left the options hold"
        lines.append(f"{world['orders_lost']:,} orders are gone from their topic: {told}")
    return lines
