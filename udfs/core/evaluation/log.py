"""A log of decisions as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.evaluation.columns.row_parts import IN_MEMORY, stretches
from tideline.udfs.core.ranking.feasible import banned_below

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.columns.row_parts import Memory
    from tideline.udfs.core.ranking.rule_tables import RuleTable

_AT_ONCE = 4096
"""Rows whose bans are found together."""


@dataclass(frozen=True, slots=True)
class LoggedFeedback:
    """N rows, each an arm shown; rows of one decision are adjacent, by rising position; decisions by time.

    With `lists` the positions of a decision are 0, 1, 2, ... without a gap and its propensities are conditional on the
    entries above. Without, the rows of a decision are independent choices that share its fold, and the
    position is part of their context.
    """

    arms: tuple[str, ...]
    x: NDArray[np.float64]
    """Contexts [N, D]."""
    action: NDArray[np.int64]
    """Place of the shown arm in `arms` [N]."""
    propensity: NDArray[np.float64]
    """Probability with which the arm was shown [N], NaN where unknown."""
    reward: NDArray[np.float64]
    decision: NDArray[np.int64]
    """Number of the decision [N], rising from 0 without gaps."""
    decision_hash: NDArray[np.uint64]
    """hash64 of the user, or where none is known of the decision's id [N]: what folds are made by."""
    position: NDArray[np.int64]
    eligible: NDArray[np.int64]
    """How many arms could have been shown at the top of the row's list [N]."""
    ts_ms: NDArray[np.int64]
    lists: bool
    user: NDArray[np.int64] | None = None
    """Number of who it was shown to [N], from 0 without gaps; None where it is not known."""
    features: NDArray[np.int8] | None = None
    """Features of the arms [K, FEATURES], see catalogue.activity_features; None where the log does not tell them."""
    pair: NDArray[np.uint32] | None = None
    """What user and arm had to do with each other as it was scored [N], see pair_numbers; None where it is not told."""
    feasible: NDArray[np.int64] | None = None
    """How many arms list rules left for each row [N], 0 where none had a say; None: in no row."""
    outcomes: NDArray[np.float64] | None = None
    """Clicks, conversions and revenue of each row [N, objectives], where a policy learns all three of them."""
    rules: tuple[RuleTable, ...] = ()
    """The rules of its lists, for its arms; without them it is not known what else a row with `feasible` could show."""
    running: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    """First and last time of a row of each arm [K]; None: to be looked for."""
    memory: Memory = IN_MEMORY
    """Where these columns are, and others of the same length may be."""

    @property
    def rows(self) -> int:
        """N."""
        return self.action.size

    @property
    def decisions(self) -> int:
        """Number of decisions."""
        return int(self.decision[-1]) + 1 if self.rows else 0

    @property
    def cluster(self) -> NDArray[np.int64]:
        """Number of what is drawn independently [N]: the user, or where none is known the decision."""
        return self.decision if self.user is None else self.user

    @property
    def clusters(self) -> int:
        """Number of these."""
        parts = stretches(self.rows, self.memory)
        return max((int(self.cluster[rows].max()) + 1 for rows in parts), default=0)

    def remaining(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many arms could still be shown in each of the rows, at least 1."""
        above = self.position[rows] if self.lists else 0
        found = np.maximum(self.eligible[rows] - above, 1)
        return found if self.feasible is None else np.where(self.feasible[rows] > 0, self.feasible[rows], found)

    def open_arms(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which arms each row could show [rows, K]: running, not above it in the same list, by the list's rules.

        Where fewer arms were eligible than the log has, an arm counts as running from its first row to its last; the
        shown arm always does.
        """
        found = np.ones((rows.size, len(self.arms)), np.bool_)
        some = np.flatnonzero(self.eligible[rows] < len(self.arms))
        if some.size:
            first, last = self.running or running(self)
            at = self.ts_ms[rows[some], None]
            found[some] = (first <= at) & (at <= last)
        if self.lists:
            for back in range(1, int(self.position[rows].max(initial=0)) + 1):
                below = np.flatnonzero(self.position[rows] >= back)
                found[below, self.action[rows[below] - back]] = False
        for at in self._placed(rows) if self.rules else ():
            found[at] &= ~self._banned(rows[at])
        found[np.arange(rows.size), self.action[rows]] = True
        return found

    def broken(self) -> int:
        """Return how many rows show an arm that the log's rules ban there, and may not have relaxed."""
        found = 0
        for rows in stretches(self.rows, self.memory):
            placed = [rows[at] for at in self._placed(rows)]
            found += sum(int(self._shown_banned(self._banned(at), at).sum()) for at in placed)
        return found

    def _placed(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return where in `rows` each position is below the first, one after the other, few at a time."""
        positions = np.unique(self.position[rows]) if self.lists else np.zeros(0, np.int64)
        found = [np.flatnonzero(self.position[rows] == position) for position in positions[positions > 0].tolist()]
        return [at[start : start + _AT_ONCE] for at in found for start in range(0, at.size, _AT_ONCE)]

    def _banned(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which arms the rules ban in rows of one position [rows, K].

        Where the shown arm is one of them a ban was broken: rules that may be are given up until it is none.
        """
        above = self.action[rows[:, None] - np.arange(int(self.position[rows[0]]), 0, -1)]
        obeyed = list(self.rules)
        found = banned_below(above, len(self.arms), obeyed)
        for rule in [rule for rule in reversed(self.rules) if rule.relax]:
            broken = np.flatnonzero(self._shown_banned(found, rows))
            if not broken.size:
                break
            obeyed = [each for each in obeyed if each is not rule]
            found[broken] = banned_below(above[broken], len(self.arms), obeyed)
        return found

    def _shown_banned(self, banned: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        shown: NDArray[np.bool_] = banned[np.arange(rows.size), self.action[rows]]
        return shown


def running(log: LoggedFeedback) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the last time of a row of each arm [K]."""
    first = np.full(len(log.arms), np.iinfo(np.int64).max)
    last = np.full(len(log.arms), np.iinfo(np.int64).min)
    for rows in stretches(log.rows, log.memory):
        np.minimum.at(first, log.action[rows], log.ts_ms[rows])
        np.maximum.at(last, log.action[rows], log.ts_ms[rows])
    return first, last


def folds(log: LoggedFeedback, count: int) -> NDArray[np.int64]:
    """Return the fold 0..count-1 of each row: the same for all rows of a user or decision, in any log that holds it."""
    found = log.memory.room((log.rows,), np.int64)
    for rows in stretches(log.rows, log.memory):
        found[rows] = log.decision_hash[rows] % np.uint64(count)
    return found
