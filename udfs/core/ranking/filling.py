"""Lists under list rules, place by place: F is what the rules allow below the entries that already stand there.

A place explores with the stated probability, and then takes any of F with the same chance; else it takes the best of F,
which is the highest score less what the rules let each one pay. So (1 - e) [best of F] + e / |F| is how likely an
activity stands in its place, given those above it: what the token says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.ranking.feasible import acted_classes, feasible_counts
from tideline.udfs.core.ranking.rule_tables import RELAXED, same_value
from tideline.udfs.core.ranking.sort_keys import INELIGIBLE, highest, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.rule_tables import RuleTable

CANDIDATES = 32
"""A list without exploration is sought among so many of the best before all are looked at."""


class Filled(NamedTuple):
    """Lists of U users under rules, see Ranked."""

    order: NDArray[np.int64]
    explored: NDArray[np.int64]
    feasible: NDArray[np.int64]
    acted: NDArray[np.int64]


def fill(
    keys: NDArray[np.int64],
    ties: NDArray[np.uint16],
    seeds: NDArray[np.uint64],
    slots: int,
    exploration: float,
    rules: Sequence[RuleTable],
) -> Filled:
    """Return the lists of `slots` places from sort keys [U, K], INELIGIBLE for who may not be shown."""
    users, activities = keys.shape
    tosses = uniform(seeds, slots)
    tosses[np.arange(slots) >= (keys != INELIGIBLE).sum(axis=1)[:, None]] = 1.0
    order = np.full((users, slots), -1)
    explored, relaxed = np.zeros((2, users), np.int64)
    feasible = np.zeros((users, slots), np.int64)
    whole = np.ones(users, np.bool_)
    if activities > CANDIDATES:
        whole = tosses.min(axis=1, initial=1.0) < exploration
        greedy = np.flatnonzero(~whole)
        found, complete = _among_the_best(keys[greedy], ties[greedy], slots, rules)
        order[greedy] = found
        whole[greedy[~complete]] = True
        done = greedy[complete]
        feasible[done] = feasible_counts(order[done], keys[done] != INELIGIBLE, rules)
    rest = np.flatnonzero(whole)
    if rest.size:
        picks = np.where(tosses[rest] < exploration, uniform(seeds[rest], slots, stream=1), -1.0)
        order[rest], explored[rest], feasible[rest], relaxed[rest] = _among_all(keys[rest], picks, rules)
    return Filled(order, explored, feasible, acted_classes(order, rules) | relaxed * RELAXED)


class _Counts:
    """How many entries above have each candidate's values, by rule; candidates are activity numbers [U or 1, M]."""

    def __init__(self, rules: Sequence[RuleTable], candidates: NDArray[np.int64], users: int) -> None:
        self._rules = rules
        self._values = [rule.values[:, candidates] for rule in rules]
        shape = (users, candidates.shape[1])
        self._taken = [[np.zeros(shape, np.uint8) for _ in rule.values] for rule in rules]

    def of(self, at: int) -> NDArray[np.uint8]:
        """Return the count of each candidate's most frequent value by a rule [U, M]."""
        taken = self._taken[at]
        found = taken[0]
        for each in taken[1:]:
            found = np.maximum(found, each)
        return found

    def closed(self, given_up: Sequence[int] = ()) -> NDArray[np.bool_] | None:
        """Return which candidates a rule bans, but for those given up; None where no rule does."""
        found: NDArray[np.bool_] | None = None
        for at, rule in enumerate(self._rules):
            if rule.limit and at not in given_up:
                banned = self.of(at) >= rule.limit
                found = banned if found is None else found | banned
        return found

    def priced(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the keys less what each candidate would pay."""
        for at, rule in enumerate(self._rules):
            if rule.costs is not None:
                keys = keys - rule.costs.take(self.of(at), mode="clip")
        return keys

    def add(self, order: NDArray[np.int64], slot: int) -> None:
        """Count the entries of a place [U, slots], and forget those that left a rule's window."""
        for rule, values, taken in zip(self._rules, self._values, self._taken, strict=True):
            for each, same in zip(taken, same_value(values, rule.others(order[:, slot, None])), strict=True):
                each += same
            gone = slot + 1 - rule.window
            if rule.window and gone >= 0:
                for each, same in zip(taken, same_value(values, rule.others(order[:, gone, None])), strict=True):
                    each -= same


def _among_the_best(
    keys: NDArray[np.int64], ties: NDArray[np.uint16], slots: int, rules: Sequence[RuleTable]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return lists without exploration from the CANDIDATES highest keys, and which of them all keys would make, too.

    Nothing that is left aside can be better than what is taken while that, less its price, is not below the lowest.
    """
    left = highest(keys, CANDIDATES)
    numbers = np.where(left == INELIGIBLE, 0, numbers_of(left, ties))
    users, rows = len(left), np.arange(len(left))
    least = left[:, -1].copy()
    counts = _Counts(rules, numbers, users)
    order, complete, alive = np.full((users, slots), -1), np.ones(users, np.bool_), np.ones(users, np.bool_)
    all_there = (least == INELIGIBLE) & (not any(rule.relax for rule in rules))
    for slot in range(slots):
        free, closed = left != INELIGIBLE, counts.closed()
        if closed is not None:
            free &= ~closed
        priced = np.where(free, counts.priced(left), INELIGIBLE)  # a price on INELIGIBLE overflows, and is not read
        at = priced.argmax(axis=1)
        most = priced[rows, at]
        alive &= most != INELIGIBLE
        complete &= np.where(alive, most >= least, all_there)
        order[:, slot] = np.where(alive, numbers[rows, at], -1)
        left[rows, at] = INELIGIBLE
        counts.add(order, slot)
    return order, complete


def _among_all(
    keys: NDArray[np.int64], picks: NDArray[np.float64], rules: Sequence[RuleTable]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return lists, bit per explored place, |F| of each place and who got a ban broken; `picks` < 0: no exploration."""
    users, slots = picks.shape
    counts = _Counts(rules, np.arange(keys.shape[1])[None, :], users)
    left = keys != INELIGIBLE
    order, feasible = np.full((users, slots), -1), np.zeros((users, slots), np.int64)
    explored, relaxed, alive = np.zeros(users, np.int64), np.zeros(users, np.bool_), np.ones(users, np.bool_)
    for slot in range(slots):
        free, broken = _free(left, counts, rules)
        room = free.sum(axis=1)
        alive &= room > 0
        relaxed |= broken & alive
        at = np.where(free, counts.priced(keys), INELIGIBLE).argmax(axis=1)
        exploring = np.flatnonzero((picks[:, slot] >= 0.0) & alive)
        if exploring.size:
            wanted = (picks[exploring, slot] * room[exploring]).astype(np.int64)
            drawn = (np.cumsum(free[exploring], axis=1) > wanted[:, None]).argmax(axis=1)
            explored[exploring] |= (drawn != at[exploring]).astype(np.int64) << slot
            at[exploring] = drawn
        order[:, slot], feasible[:, slot] = np.where(alive, (at, room), ((-1,), (0,)))
        left[np.arange(users), at] = False
        counts.add(order, slot)
    return order, explored, feasible, relaxed


def _free(
    left: NDArray[np.bool_], counts: _Counts, rules: Sequence[RuleTable]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return F [U, K], and whose is only there because rules were given up, from the last that may be on."""
    broken = np.zeros(len(left), np.bool_)
    closed = counts.closed()
    if closed is None:
        return left, broken
    free = left & ~closed
    given_up: list[int] = []
    for at in reversed([at for at, rule in enumerate(rules) if rule.relax]):
        short = np.flatnonzero(~free.any(axis=1))
        if not short.size:
            break
        given_up.append(at)
        closed = counts.closed(given_up)
        free[short] = left[short] if closed is None else left[short] & ~closed[short]
        broken[short] = free[short].any(axis=1)
    return free, broken
