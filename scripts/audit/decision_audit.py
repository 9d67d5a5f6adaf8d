"""What a decision log breaks of the promises of docs/contracts: the lists in it, and what it says of itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.scripts.audit.list_audit import NOTHING_SAID, Past, breaches_of_list, breaches_of_rules
from tideline.scripts.audit.page_audit import DEFAULT, breaches_of_page, breaches_of_placement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tideline.scripts.audit.list_audit import Breach
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.ranking.list_rules import ListRule
    from tideline.udfs.core.ranking.placements import Placement

_EXAMPLES = 3
_POPULAR = "popular"

Decision = dict[str, Any]
"""A record of the topic `decisions`."""


class Audit(NamedTuple):
    """How many lists and entries were looked at, and what they broke."""

    lists: int
    entries: int
    broken: dict[str, int]
    """By name of the promise."""
    examples: list[str]

    def figures(self) -> dict[str, Any]:
        """Return the numbers."""
        return {"lists": self.lists, "entries": self.entries, "broken": self.broken}


def audit(
    decisions: Iterable[Decision],
    known: Mapping[str, Activity],
    rules: Sequence[ListRule] = (),
    placements: Sequence[Placement] = (),
) -> Audit:
    """Look at every decision of a log: at the whole list that each is of, and at what the record says of its place.

    What a user had seen is what the log says he had been shown before a list was made, by lists of an earlier time.
    Lists of one moment are looked at together: of placements, and of the default ones whose `rules` are given.
    """
    asked = _Asked(known, rules, {each.name: each for each in placements})
    of_user: dict[str, list[Decision]] = defaultdict(list)
    for each in decisions:
        of_user[each["user_id"]].append(each)
    lists, broken, examples = 0, Counter[str](), list[str]()
    for user in sorted(of_user):
        mine = sorted(of_user[user], key=lambda each: (each["as_of_ms"], each["seq"], each["position"]))
        seen: list[tuple[str, int]] = []
        for decision_id in dict.fromkeys(each["decision_id"] for each in mine):
            entries = [each for each in mine if each["decision_id"] == decision_id]
            lists += 1
            for promise, what in _breaches(entries, asked, seen):
                broken[promise] += 1
                if broken[promise] <= _EXAMPLES:
                    examples.append(f"{promise}: {user} {decision_id} {what}")
            seen += [(each["activity_id"], each["shown_ms"]) for each in entries]
        for moment, page in _pages(mine).items():
            for promise, what in breaches_of_page(page, known, placements):
                broken[promise] += 1
                if broken[promise] <= _EXAMPLES:
                    examples.append(f"{promise}: {user} {moment} {what}")
    return Audit(lists, sum(map(len, of_user.values())), dict(sorted(broken.items())), examples)


class _Asked(NamedTuple):
    """What lists are judged by."""

    known: Mapping[str, Activity]
    rules: Sequence[ListRule]
    placements: Mapping[str, Placement]


def _pages(mine: Sequence[Decision]) -> dict[Any, dict[str, list[str]]]:
    """Return what is known of a user's lists of each version, by placement."""
    found: dict[Any, dict[str, list[str]]] = defaultdict(dict)
    for each in mine:
        moment = each["policy"] == _POPULAR, each["generation"], each["as_of_ms"], each["seq"]
        found[moment][each["placement"] or DEFAULT] = [name for name in each["slate"] if name is not None]
    return found


def _breaches(entries: Sequence[Decision], asked: _Asked, seen: Sequence[tuple[str, int]]) -> Iterator[Breach]:
    first = entries[0]
    names, at_ms = [name for name in first["slate"] if name is not None], first["as_of_ms"]
    if first["policy"] == _POPULAR:
        seen = ()
    past = Past([(name, shown_ms) for name, shown_ms in seen if shown_ms <= at_ms])
    yield from breaches_of_list(names, at_ms, asked.known, NOTHING_SAID, past)
    placement, rules = asked.placements.get(first["placement"]), asked.rules
    if placement is not None:
        yield from breaches_of_placement(names, asked.known, placement)
        rules = rules if placement.list_rules is None else placement.list_rules
    yield from breaches_of_rules(names, asked.known, rules)
    for each in entries:
        yield from breaches_of_record(each)


def breaches_of_record(each: Decision) -> Iterator[Breach]:
    """Yield what a record breaks: its place holds what its list says, drawn with a chance that its numbers allow."""
    position, left = each["position"], each["eligible"] - each["position"]
    if not 0 <= position < len(each["slate"]) or each["slate"][position] != each["activity_id"]:
        yield "place_differs", f"{each['activity_id']} in place {position}"
    feasible, chance = each["feasible"], each["propensity"]
    if feasible is not None and not 0 < feasible <= left:
        yield "feasible_wrong", f"{feasible} of {left} in place {position}"
    if each["policy"] != _POPULAR and left < 1:
        yield "eligible_wrong", f"{each['eligible']} in place {position}"
    if chance is not None and not 0.0 < chance <= 1.0:
        yield "propensity_wrong", f"{chance} in place {position}"
