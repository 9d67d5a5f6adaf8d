"""Lists under list rules, position by position: F is what the rules allow below the entries that already stand there.

A position explores with the stated probability, and then takes any of F with the same chance; else it takes the best
of F, which is the highest score less what the rules let each one pay. So (1 - e) [best of F] + e / |F| is how likely
an activity stands in its position, given those above it: what the token says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.ranking.feasible import acted_classes, feasible_counts, reaches
from tideline.udfs.core.ranking.rule_tables import RELAXED, same_value
from tideline.udfs.core.ranking.sort_keys import INELIGIBLE, highest, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.list_form import ListForm
    from tideline.udfs.core.ranking.rule_tables import RuleTable

    Rules = Sequence[RuleTable]

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
    eligible: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    form: ListForm,
) -> Filled:
    """Return the lists from sort keys [U, K], INELIGIBLE for who may not be shown."""
    positions, rules = min(form.size, keys.shape[1]), form.rules
    lists = _Lists.empty(len(keys), positions)
    if not positions:
        return Filled(lists.order, lists.explored, lists.feasible, np.zeros(len(keys), np.int64))
    tosses = uniform(seeds, positions)
    whole = (tosses < form.exploration).any(axis=1)
    greedy = np.flatnonzero(~whole)
    if keys.shape[1] > CANDIDATES and greedy.size:
        whole[greedy[~_greedy(lists, greedy, keys[greedy], ties[greedy], rules)]] = True
    else:
        whole[:] = True
    rest = np.flatnonzero(whole)
    if rest.size:
        picks = np.where(tosses[rest] < form.exploration, uniform(seeds[rest], positions, stream=1), -1.0)
        candidates = highest(keys[rest], keys.shape[1])
        empty, numbers = _Lists.empty(rest.size, positions), _numbers(candidates, ties[rest])
        lists.put(rest, _by_position(empty, candidates, numbers, rules, picks))
    acted = acted_classes(lists.order, rules)
    others = np.flatnonzero(~lists.relaxed)
    lists.feasible[others] = (eligible[others, None] - np.arange(positions)) * (lists.order[others] >= 0)
    counted = np.flatnonzero((acted > 0) & ~lists.relaxed)
    if counted.size:
        lists.feasible[counted] = feasible_counts(lists.order[counted], keys[counted] != INELIGIBLE, rules)
    return Filled(lists.order, lists.explored, lists.feasible, acted | lists.relaxed * RELAXED)


class _Lists(NamedTuple):
    """Lists in the making; `complete` says which are those that all keys make."""

    order: NDArray[np.int64]
    explored: NDArray[np.int64]
    feasible: NDArray[np.int64]
    relaxed: NDArray[np.bool_]
    complete: NDArray[np.bool_]

    @classmethod
    def empty(cls, users: int, positions: int) -> _Lists:
        """Return lists without entries."""
        order, feasible = np.full((users, positions), -1), np.zeros((users, positions), np.int64)
        return cls(order, np.zeros(users, np.int64), feasible, np.zeros(users, np.bool_), np.ones(users, np.bool_))

    def put(self, rows: NDArray[np.int64], others: _Lists) -> None:
        """Take in the lists of some users."""
        for mine, theirs in zip(self, others, strict=True):
            mine[rows] = theirs


def _numbers(keys: NDArray[np.int64], ties: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Return activity numbers, 0 where none is eligible."""
    return np.where(keys == INELIGIBLE, 0, numbers_of(keys, ties))


def _greedy(
    lists: _Lists, rows: NDArray[np.int64], keys: NDArray[np.int64], ties: NDArray[np.uint16], rules: Rules
) -> NDArray[np.bool_]:
    """Put in the lists of users who do not explore, from their CANDIDATES highest keys; return which are complete.

    Where no rule bans or prices any of the best, they are the list.
    """
    top = highest(keys, CANDIDATES)
    numbers, positions = _numbers(top, ties), lists.order.shape[1]
    best = np.where(top == INELIGIBLE, -1, numbers)[:, :positions]
    lists.order[rows] = best
    touched = np.zeros(rows.size, np.bool_)
    for rule in rules:
        touched |= reaches(best, rule, rule.free + 1)
    complete = np.ones(rows.size, np.bool_)
    again = np.flatnonzero(touched)
    if again.size:
        found = _by_position(_Lists.empty(again.size, positions), top[again], numbers[again], rules, None)
        lists.order[rows[again]] = found.order
        complete[again] = found.complete
    return complete


class _Counts:
    """How many entries above have each candidate's values, by rule; candidates are activity numbers [U, M]."""

    def __init__(self, rules: Rules, candidates: NDArray[np.int64]) -> None:
        self._rules = rules
        self._values = [rule.values[:, candidates] for rule in rules]
        self._taken = [np.zeros(values.shape, np.uint8) for values in self._values]

    def of(self, at: int) -> NDArray[np.uint8]:
        """Return the count of each candidate's most frequent value by a rule [U, M]."""
        taken = self._taken[at]
        found: NDArray[np.uint8] = taken[0] if len(taken) == 1 else taken.max(axis=0)
        return found

    def closed(self, given_up: Sequence[int] = ()) -> NDArray[np.bool_] | None:
        """Return which candidates a rule bans, but for those given up; None where no rule does."""
        found: NDArray[np.bool_] | None = None
        for at, rule in enumerate(self._rules):
            if rule.limit and at not in given_up:
                banned = self.of(at) >= rule.limit
                found = banned if found is None else np.logical_or(found, banned, out=found)
        return found

    def priced(self, keys: NDArray[np.int64], rows: Any = slice(None)) -> NDArray[np.int64]:
        """Return the keys of the first candidates of some users less what each would pay."""
        for at, rule in enumerate(self._rules):
            if rule.costs is not None:
                keys = keys - rule.costs.take(self.of(at)[rows, : keys.shape[1]], mode="clip")
        return keys

    def add(self, order: NDArray[np.int64], position: int) -> None:
        """Count the entries of a position [U, positions], and forget those that left a rule's window."""
        for rule, values, taken in zip(self._rules, self._values, self._taken, strict=True):
            for each, same in zip(taken, same_value(values, rule.others[:, order[:, position, None]]), strict=True):
                each += same.view(np.uint8)
            gone = position + 1 - rule.window
            if rule.window and gone >= 0:
                for each, same in zip(taken, same_value(values, rule.others[:, order[:, gone, None]]), strict=True):
                    each -= same.view(np.uint8)


def _by_position(
    lists: _Lists, keys: NDArray[np.int64], numbers: NDArray[np.int64], rules: Rules, picks: NDArray[np.float64] | None
) -> _Lists:
    """Return empty lists filled from candidates in falling order of their keys [U, M].

    `picks` [U, k] has where in F an exploring position draws, -1 for others; then the candidates are all keys. None:
    they are some of the best, and a list is not complete where one that is no candidate may be better than what was
    taken, because that is less, its price taken off, than the last of them; or where nothing was there to be taken.
    """
    rows, counts = np.arange(len(keys)), _Counts(rules, numbers)
    left, alive, every = keys != INELIGIBLE, lists.complete.copy(), keys[:, -1] == INELIGIBLE
    priced, relaxing = any(rule.costs is not None for rule in rules), any(rule.relax for rule in rules)
    for position in range(lists.order.shape[1]):
        free, broken = _free(left, counts, rules)
        at, beaten = _best(keys, free, counts, picks is None) if priced else (free.argmax(axis=1), broken)
        alive &= free[rows, at]
        if picks is None:
            np.logical_and(lists.complete, alive & ~beaten & ~broken | every & ~broken, out=lists.complete)
        else:
            if relaxing:
                lists.feasible[:, position] = free.sum(axis=1) * alive
                np.logical_or(lists.relaxed, broken & alive, out=lists.relaxed)
            _explore(lists, free, at, np.flatnonzero(alive & (picks[:, position] >= 0.0)), picks[:, position], position)
        lists.order[:, position] = np.where(alive, numbers[rows, at], -1)
        left[rows, at] = False
        counts.add(lists.order, position)
    return lists


def _best(
    keys: NDArray[np.int64], free: NDArray[np.bool_], counts: _Counts, some: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return where the best of F stands [U], its price taken off, and who may have a better one behind the candidates.

    With all keys as candidates the first of them are looked at first, and the others where one may be better.
    """
    rows, first = np.arange(len(keys)), keys[:, :CANDIDATES]
    priced = np.where(free[:, :CANDIDATES], counts.priced(first), INELIGIBLE)  # what INELIGIBLE pays is not read
    at = priced.argmax(axis=1)
    most = priced[rows, at]
    if some:
        return at, most < keys[:, -1]
    if keys.shape[1] > CANDIDATES:
        behind = np.flatnonzero(most < keys[:, CANDIDATES])
        if behind.size:
            at[behind] = np.where(free[behind], counts.priced(keys[behind], behind), INELIGIBLE).argmax(axis=1)
    return at, most < most


def _explore(
    lists: _Lists,
    free: NDArray[np.bool_],
    at: NDArray[np.int64],
    exploring: NDArray[np.int64],
    picks: NDArray[np.float64],
    position: int,
) -> None:
    """Replace, in place, whom exploring users take: one of F, from the best on, all with the same chance."""
    if not exploring.size:
        return
    up_to = np.cumsum(free[exploring], axis=1)
    wanted = (picks[exploring] * up_to[:, -1]).astype(np.int64)
    drawn = (up_to > wanted[:, None]).argmax(axis=1)
    lists.explored[exploring] |= (drawn != at[exploring]).astype(np.int64) << position
    at[exploring] = drawn


def _free(left: NDArray[np.bool_], counts: _Counts, rules: Rules) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return F [U, M], and whose is only there because rules were given up, from the last that may be on."""
    broken = np.zeros(len(left), np.bool_)
    closed = counts.closed()
    if closed is None:
        return left.copy(), broken
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
