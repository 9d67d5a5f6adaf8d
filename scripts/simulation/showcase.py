"""One visitor's list before and after his clicks, with the reason for each entry."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.scripts.simulation.frontend import Shown
    from tideline.scripts.simulation.world import World


def choose(shown: Sequence[Shown]) -> tuple[Shown, Shown] | None:
    """Return the visit of the most diligent clicker before his first click and his last visit; None: nobody clicked.

    It is the visitor who clicked most (the lowest household number of equals) of those who had a list of their own
    when they clicked first and came again after.
    """
    visits: dict[int, list[Shown]] = defaultdict(list)
    for each in shown:
        if not each.holdout:
            visits[each.visit.household].append(each)
    best: tuple[int, int] | None = None
    for household, mine in visits.items():
        first = next((at for at, each in enumerate(mine) if each.clicked), None)
        if first is None or not mine[first].personal or first == len(mine) - 1:
            continue
        rank = (sum(len(each.clicked) for each in mine), -household)
        best = rank if best is None else max(best, rank)
    if best is None:
        return None
    mine = visits[-best[1]]
    return next(each for each in mine if each.clicked), mine[-1]


def describe(
    world: World, shown: Sequence[Shown], before: Shown, after: Shown, decisions: Sequence[dict[str, Any]]
) -> list[str]:
    """Return lines that compare what one visitor was shown at two visits; `decisions` are his decision records."""
    household = before.visit.household
    clicked = [offer for each in shown if each.visit.household == household for offer in each.clicked]
    lines = [f"Visitor {world.users[household]} clicked {len(clicked)} times."]
    for title, visit, so_far in (
        ("Shown when he first clicked", before, []),
        ("Shown at his last visit", after, clicked),
    ):
        reasons = {(each["shown_ms"], each["activity_id"]): each for each in decisions}
        lines.append(f"{title}, the first {len(visit.entries)} of his list:")
        for position, offer in visit.entries:
            activity = world.offers[offer].activity
            why = _reason(reasons.get((visit.at_ms, activity.activity_id)))
            mine = f"{world.share[household, offer]:.1%} of his spending"
            times = f", clicked {so_far.count(offer)} x before" if offer in so_far else ""
            mark = " <- clicks it" if visit is before and offer in visit.clicked else ""
            lines.append(f"  {position + 1:2} {activity.activity_id:32} {why}; {mine}{times}{mark}")
    return lines


def _reason(decision: dict[str, Any] | None) -> str:
    if decision is None:
        return "shown before from the same list, not decided again"
    drawn = "drawn at random to explore, " if decision["explored"] else ""
    if decision["mean"] is None:
        return f"{drawn}the policy row it was scored with is no longer kept"
    mean, bonus = decision["mean"], decision["bonus"]
    return f"{drawn}score {mean + bonus:6.3f} = expected {mean:6.3f} + uncertainty {bonus:5.3f}"
