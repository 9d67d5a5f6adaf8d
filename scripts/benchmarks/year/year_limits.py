"""What is checked of limits over all users in the simulated year: ledgers, stops, what was overdrawn, and by whom."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tideline.udfs.core.rule_costs.days import decode_costs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.scripts.benchmarks.year.year_shop import Shop
    from tideline.scripts.benchmarks.year.year_truth import Truth
    from tideline.scripts.benchmarks.year.year_violations import Violations
    from tideline.udfs.core.catalogue.activity import Activity

_DAY_MS = 86_400_000
_RISK = 0.01
"""The share of limits that may be overdrawn, as docs/contracts/marketer.md says."""
_CHANCE = 1e-4
"""So unlikely must the number of overdrawn ones be where that holds, to be a breach."""
_ONE_IN, _SIGMAS = 64, 6.0
_KEPT_DAYS = 8
_FIGURES = ("limits", "used_up", "overdrawn", "between", "by_adversary", "worst_over")


@dataclass(slots=True)
class Limits:
    """Follows activities with a budget, stock or total cap from their first list to their deletion."""

    shop: Shop
    truth: Truth
    violations: Violations
    moved: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By the adversary, as `Truth.ledgers`."""
    lists_of_day: Counter[int] = field(default_factory=Counter)
    """How many lists were made as of each day."""
    told: dict[str, Counter[str]] = field(default_factory=dict)
    """What was known at the last publication."""
    open: Counter[str] = field(default_factory=Counter)
    """The last publication that let an activity go on: what it knew of is what it is held to."""
    most: Counter[str] = field(default_factory=Counter)
    """The most impressions that came of an activity between two publications."""
    drained: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Conversions of single accounts, by account and activity."""
    _entries: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Entries of lists made for them."""
    _off: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """What differed already, by activity."""
    _closed: Counter[str] = field(default_factory=Counter)
    _cents: Counter[bool] = field(default_factory=Counter)
    """Spent by honest users, and (True) by the adversary."""

    def published(self) -> None:
        """Note what every publication knows: all that was fed before it."""
        known, standings = self.shop.ranker.offers.activities, self.shop.ranker.tables.standings
        for name in sorted(known):
            if known[name].is_limited:
                if name in standings and not standings[name].stopped:
                    self.open[name] = self.truth.publications
                before = self.told.get(name, Counter())
                now = self.told[name] = self._spent(name)
                self.most[name] = max(self.most[name], now["impressions"] - before["impressions"])
        self.truth.publications += 1

    def shown_after_stop(self, where: str, names: Iterable[str]) -> None:
        """Check that nothing is shown of which the last publication knew that it is used up."""
        known = self.shop.ranker.offers.activities
        for name in names:
            if name in self.told and name in known and is_used_up(known[name], self.told[name]):
                self.violations.found("stop_broken", f"{where}: {name} {dict(self.told[name])}")

    def ledgers(self) -> None:
        """Check that ledgers hold what happened, whoever may be learned from."""
        known = self.shop.ranker.offers.activities
        for name in sorted(self.shop.learner.terms):
            if name not in known or not known[name].is_limited:
                continue
            wanted, found = self._spent(name), self.shop.learner.ledger_of(name)
            wanted["cost_cents"] = round(known[name].cost * 100) * wanted["conversions"]
            off = self._off[name]
            wrong = {
                each: by
                for each in ("impressions", "clicks", "conversions", "cost_cents")
                if (by := found.get(each, 0) - wanted[each] - off[each])
            }
            if wrong:
                self.violations.found("ledger_differs", f"{name} by {wrong}")
                off.update(wrong)

    def costs(self, now_ms: int) -> None:
        """Check that what rules cost is of the last days, and of as many lists as are looked at again."""
        if self.shop.learner.costs is None:
            return
        days, today = decode_costs(self.shop.learner.costs), now_ms // _DAY_MS
        newest = max((each.day for each in days), default=today)
        if newest > today + 1 or len(days) > _KEPT_DAYS:
            self.violations.found("costs_differ", f"days {[each.day - today for each in days]} of {today}")
        for each in days:
            expected = self.lists_of_day[each.day] / _ONE_IN
            if abs(each.lists - expected) > _SIGMAS * math.sqrt(expected) + _SIGMAS:
                self.violations.found("costs_differ", f"day {each.day - today}: {each.lists} lists of {expected:.0f}")

    def listed_for(self, account: str, names: Iterable[str]) -> None:
        """Note what a list of one of the adversary's accounts lets him move."""
        self._entries[account].update(names)

    def drains(self, account: str, counts: Counter[str]) -> None:
        """Check that an account converts no more than the entries of its lists."""
        mine = self.drained[account]
        mine.update(counts)
        for name in counts:
            if not 0 <= mine[name] <= self._entries[account][name]:
                said = f"{account} {name}: {mine[name]} of {self._entries[account][name]}"
                self.violations.found("drained_beyond", said)

    def close(self, names: Iterable[str]) -> None:
        """Judge activities of which nothing more can come."""
        known = self.shop.ranker.offers.activities
        for name in names:
            activity = known.get(name)
            if activity is None or not activity.is_limited:
                continue
            spent, his = self._spent(name), self.moved[name]
            cents = round(activity.cost * 100)
            self._cents[False] += cents * (spent["conversions"] - his["conversions"])
            self._cents[True] += cents * his["conversions"]
            beyond = spent["impressions"] - (activity.total_cap or math.inf)
            most = self.most[name]
            if beyond > most + 4 * math.sqrt(most):
                self.violations.found("total_cap_broken", f"{name} by {beyond}, {most} in an interval at most")
            room = conversions_for(activity)
            if room is not None and spent["impressions"]:
                self._judge(name, room, spent["conversions"], his["conversions"])

    def _judge(self, name: str, room: float, conversions: int, his: int) -> None:
        """Count what became of a budget or stock, and whom it is due to where more came than there was room for.

        A stop is held to what its publication knew: between two of them, here hours and in a shop seconds, more comes.
        """
        closed = self._closed
        closed["limits"] += 1
        closed["used_up"] += conversions + 1 >= math.floor(room)
        if conversions <= room:
            return
        foreseen = sum(times for known, times in self.truth.converted[name].items() if known <= self.open[name])
        due_to = "overdrawn" if foreseen > room else "by_adversary" if conversions - his <= room else "between"
        closed[due_to] += 1
        closed["worst_over"] = max(closed["worst_over"], math.ceil(conversions - room))

    def figures(self) -> dict[str, Any]:
        """Return what became of all limits, and count it as a breach where too many were overdrawn."""
        closed = self._closed
        if closed["limits"] and tail(closed["limits"], closed["overdrawn"], _RISK) < _CHANCE:
            self.violations.found("budgets_overdrawn", dict(closed))
        largest = max((sum(each.values()) for each in self.drained.values()), default=0)
        whole = self._cents[False] + self._cents[True]
        return {
            **{name: closed[name] for name in _FIGURES},
            "adversary_share_of_spending": round(self._cents[True] / max(whole, 1), 6),
            "conversions_of_one_account": largest,
        }

    def _spent(self, name: str) -> Counter[str]:
        found = Counter(self.truth.ledgers[name])
        found.update(self.moved[name])
        return found


def conversions_for(activity: Activity) -> float | None:
    """Return how many conversions a budget or stock is for, None where neither limits them."""
    limits = [] if activity.budget is None else [activity.budget / activity.cost]
    limits += [] if activity.stock is None else [activity.stock.left]
    return min(limits, default=None)


def is_used_up(activity: Activity, spent: Counter[str]) -> bool:
    """Return whether nothing more of an activity may be shown."""
    room = conversions_for(activity)
    if room is not None and spent["conversions"] >= room:
        return True
    return activity.total_cap is not None and spent["impressions"] >= activity.total_cap


def tail(trials: int, found: int, chance: float) -> float:
    """Return how likely at least so many of some trials succeed.

    >>> round(tail(100, 1, 0.01), 3), tail(100, 0, 0.01)
    (0.634, 1.0)
    """
    below = sum(math.comb(trials, each) * chance**each * (1 - chance) ** (trials - each) for each in range(found))
    return 1.0 - below
