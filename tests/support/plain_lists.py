"""Lists under list rules made place by place in plain Python, as `list_rules.py` and `filling.py` state them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.ranking.list_rules import PENALTIES_PER_SCORE, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.ranking.list_rules import ListRule


class PlainList(NamedTuple):
    """One list: activity numbers, bit per explored place, |F| of each place, and whether a ban was broken."""

    order: list[int]
    explored: int
    feasible: list[int]
    relaxed: bool


class PlainRules:
    """Rules over activities that are asked one activity at a time."""

    def __init__(self, rules: Sequence[ListRule], activities: Sequence[Activity]) -> None:
        self._rules = rules
        self._values = [[set(values_of(each, rule.by)) for each in activities] for rule in rules]

    def nth(self, at: int, above: Sequence[int], number: int) -> int:
        """Return how many entries of a rule's window have the activity's most frequent value."""
        window = self._rules[at].window
        counted = above[max(len(above) + 1 - window, 0) :] if window else above
        values = self._values[at]
        return max((sum(value in values[entry] for entry in counted) for value in values[number]), default=0)

    def bans(self, at: int, above: Sequence[int], number: int) -> bool:
        """Return whether a rule bans an activity below these entries."""
        limit = self._rules[at].limit
        return bool(limit) and self.nth(at, above, number) >= limit

    def free(self, above: Sequence[int], left: Sequence[int]) -> tuple[list[int], bool]:
        """Return F, and whether it took breaking a ban."""
        obeyed = list(range(len(self._rules)))
        for given_up in (None, *reversed([at for at, rule in enumerate(self._rules) if rule.relax])):
            obeyed = [at for at in obeyed if at != given_up]
            found = [each for each in left if not any(self.bans(at, above, each) for at in obeyed)]
            if found:
                return found, given_up is not None
        return [], False

    def price(self, above: Sequence[int], number: int) -> int:
        """Return what an activity would pay, in thousandths of score."""
        paid = 0
        for at, rule in enumerate(self._rules):
            paid += rule.numbers[min(self.nth(at, above, number), len(rule.numbers) - 1)]
        return paid


def plain_list(
    rules: PlainRules, scores: Sequence[float], eligible: Sequence[int], positions: int, picks: Sequence[float | None]
) -> PlainList:
    """Return a list from scores no two of which are equal; a pick is where in F an exploring place draws,
    by falling score."""
    above: list[int] = []
    feasible: list[int] = []
    explored, relaxed = 0, False
    for position in range(positions):
        free, broken = rules.free(above, [each for each in eligible if each not in above])
        if not free:
            break
        best = max(free, key=lambda each: scores[each] - rules.price(above, each) / PENALTIES_PER_SCORE)
        pick = picks[position]
        falling = sorted(free, key=lambda each: -scores[each])
        chosen = best if pick is None else falling[int(pick * len(free))]
        explored |= (chosen != best) << position
        relaxed |= broken
        above.append(chosen)
        feasible.append(len(free))
    return PlainList(above, explored, feasible, relaxed)
