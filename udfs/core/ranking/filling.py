"""Lists under list rules, position by position: F is what the rules allow below the entries that already stand there.

A position explores with the stated probability, and then takes any of F with the same chance; else it takes the best
of F, which is the highest score less what the rules let each one pay. So (1 - e) [best of F] + e / |F| is how likely
an activity stands in its position, given those above it: what the token says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.ranking.feasible import feasible_counts, touched
from tideline.udfs.core.ranking.rule_tables import RELAXED
from tideline.udfs.core.ranking.sort_keys import INELIGIBLE, highest, numbers_of
from tideline.udfs.core.ranking.value_counts import ValueCounts, have

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.list_form import ListForm
    from tideline.udfs.core.ranking.rule_tables import RuleTables
    from tideline.udfs.core.ranking.value_counts import Words

CANDIDATES = 32
"""The best of F is sought among so many of the best, and among all where they do not tell."""
_NOBODY = np.zeros(0, np.int64)


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
    (users, activities), rules = keys.shape, form.rules
    positions = min(form.size, activities)
    order, explored, acted = np.full((users, positions), -1), np.zeros(users, np.int64), np.zeros(users, np.int64)
    if not positions:
        return Filled(order, explored, np.zeros((users, 0), np.int64), acted)
    tosses = uniform(seeds, positions)
    picks = np.where(tosses < form.exploration, uniform(seeds, positions, stream=1), -1.0)
    top = highest(keys, min(CANDIDATES, activities))
    numbers = np.where(top == INELIGIBLE, -1, numbers_of(top, ties))
    order[:] = numbers[:, :positions]
    # Where nobody explores and no rule has a say about the best, they are the list.
    some = np.flatnonzero(touched(order, rules) | (picks >= 0.0).any(axis=1))
    filling = _Filling(_Asked(keys[some], ties[some], picks[some], top[some], numbers[some]), rules)
    order[some], explored[some] = filling.order(), filling.explored
    acted[some] = filling.counts.acted() | filling.relaxed * RELAXED
    feasible = (eligible[:, None] - np.arange(positions)) * (order >= 0)
    counted = np.flatnonzero(acted[some])
    if counted.size:
        closed, rows = filling.closed[:, :, counted], some[counted]
        feasible[rows] = feasible_counts(order[rows], keys[rows] != INELIGIBLE, rules, closed)
        feasible[some] += filling.reopened
    return Filled(order, explored, feasible, acted)


class _Asked(NamedTuple):
    """What lists of U users are made from."""

    keys: NDArray[np.int64]
    """[U, K]"""
    ties: NDArray[np.uint16]
    picks: NDArray[np.float64]
    """Where in F an exploring position draws [U, k], -1 for others."""
    top: NDArray[np.int64]
    """The highest keys [U, M], falling."""
    numbers: NDArray[np.int64]
    """The activity of each of them, -1 where no more may be shown."""


class _Filling:
    """Lists of U users made from what is asked, all of them one position after the other."""

    def __init__(self, asked: _Asked, rules: RuleTables) -> None:
        users, positions = asked.picks.shape
        self._asked, self._rules, self._users = asked, rules, np.arange(users)
        self._values, self._left = rules.bits[:, asked.numbers], asked.numbers >= 0
        self._order = np.full((users, positions), -1)
        self.counts = ValueCounts(rules, users, positions)
        self.closed = np.zeros((positions, len(rules.bits), users), np.uint64)
        """Values that are banned in each position."""
        self.explored = np.zeros(users, np.int64)
        self.reopened = np.zeros((users, positions), np.int64)
        """How many could stand where bans were broken [U, k], 0 where none was."""

    @property
    def relaxed(self) -> NDArray[np.bool_]:
        """Whether a ban was broken [U]."""
        found: NDArray[np.bool_] = (self.reopened > 0).any(axis=1)
        return found

    def order(self) -> NDArray[np.int64]:
        """Fill the lists and return them [U, k]."""
        asked, left, users = self._asked, self._left, self._users
        exploring, every, alive = asked.picks.T >= 0.0, ~left[:, -1], np.ones(users.size, np.bool_)
        if asked.top.shape == asked.keys.shape:
            every[:] = True
        unsure = ~every | any(rule.relax for rule in self._rules)
        for position, draws in enumerate(exploring):
            closed = self.counts.reached(self._rules.limits)
            free = left
            if closed is not None:
                free, self.closed[position] = left & ~have(self._values, closed), closed
            at = free.argmax(axis=1)
            found = free[users, at]
            unknown = unsure & ~found
            unknown[self._undercut(at, free)] = True
            entry = np.where(alive & found, asked.numbers[users, at], -1)
            rows = ((unknown | draws) & alive).nonzero()[0]
            before = left[rows]
            left[users, at] = False
            if rows.size:
                self._ask_all(entry, rows, unknown[rows], position)
                left[rows] = before & (asked.numbers[rows] != entry[rows, None])
            alive = entry >= 0
            self._order[:, position] = entry
            self.counts.add(self._rules.bits[:, entry])
        return self._order

    def _undercut(self, at: NDArray[np.int64], free: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Put into `at` the best of F, its price taken off, where the first of F pays: until then that one is.

        Returns:
            Users of whom one that is not among the highest may be better.
        """
        paying, top = self.counts.reached(self._rules.paying), self._asked.top
        if paying is None:
            return _NOBODY
        cheap, last = free & ~have(self._values, paying), top.shape[1]
        first = cheap.argmax(axis=1)
        first[~cheap[self._users, first]] = last
        dear = (first != at).nonzero()[0]
        if not dear.size:
            return _NOBODY
        # Who pays nothing is better than all behind him; what INELIGIBLE pays is not read.
        some = slice(int(first[dear].max()) + 1)
        priced = top[dear, some] - self._prices(dear, self._values[:, dear, some])
        priced = np.where(free[dear, some], priced, INELIGIBLE)
        at[dear] = best = priced.argmax(axis=1)
        found: NDArray[np.int64] = dear[priced[np.arange(dear.size), best] < top[dear, -1]]
        return found

    def _prices(self, users: NDArray[np.int64], values: Words) -> NDArray[np.int64]:
        """Return what activities with values [W, n, M] would pay on the lists of some users [n, M], in sort keys."""
        found: NDArray[np.int64] = np.zeros(1, np.int64)
        for rule, mine in zip(self._rules, self._rules.of_rule, strict=True):
            if rule.costs is not None:
                above = np.zeros((users.size, values.shape[2]), np.uint8)
                for plane in self.counts.planes[: rule.costs.size - 1]:
                    some = plane[:, users] & mine
                    if not some.any():
                        break
                    above += have(values, some).view(np.uint8)
                found = found + rule.costs.take(above)
        return found

    def _ask_all(
        self, entry: NDArray[np.int64], rows: NDArray[np.int64], unknown: NDArray[np.bool_], position: int
    ) -> None:
        """Seek among all, in place, who stands next on the lists of some users.

        That is the best of F where it is unknown, -1 for an empty one; who explores takes one of F, from the best on,
        all with the same chance.
        """
        asked, values, closed = self._asked, self._rules.bits[:, None, :-1], self.closed[position][:, rows]
        keys = asked.keys[rows]
        keys[np.arange(rows.size)[:, None], self._order[rows, :position]] = INELIGIBLE
        free = keys != INELIGIBLE
        if self._rules.limits:
            free &= ~have(values, closed)
        if unknown.any():
            self._relax(keys, free, closed, rows, position)
            priced = np.where(free, keys - self._prices(rows, values), INELIGIBLE)[unknown]
            best = priced.argmax(axis=1)
            entry[rows[unknown]] = np.where(priced[np.arange(best.size), best] == INELIGIBLE, -1, best)
        keys[~free] = INELIGIBLE
        picks = asked.picks[rows, position]
        wanted = (np.maximum(picks, 0.0) * free.sum(axis=1)).astype(np.int64)
        drawn = np.sort(keys, axis=1)[np.arange(rows.size), keys.shape[1] - 1 - wanted]
        number = np.where((picks >= 0.0) & (entry[rows] >= 0), (keys == drawn[:, None]).argmax(axis=1), entry[rows])
        self.explored[rows] |= (number != entry[rows]).astype(np.int64) << position
        entry[rows] = number

    def _relax(
        self,
        keys: NDArray[np.int64],
        free: NDArray[np.bool_],
        closed: Words,
        rows: NDArray[np.int64],
        position: int,
    ) -> None:
        """Give rules up, in `free`, from the last that may be on, where F is empty."""
        for at in reversed([at for at, rule in enumerate(self._rules) if rule.relax]):
            short = (~free.any(axis=1)).nonzero()[0]
            if not short.size:
                break
            closed[:, short] &= ~self._rules.of_rule[at]
            free[short] = (keys[short] != INELIGIBLE) & ~have(self._rules.bits[:, None, :-1], closed[:, short])
            self.reopened[rows[short], position] = free[short].sum(axis=1)
