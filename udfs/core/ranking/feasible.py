"""How many activities could have stood at each position of a list, and which rules had a say: read off the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.ranking.rule_tables import WORD_BITS, RuleTables, words_of
from tideline.udfs.core.ranking.value_counts import ValueCounts, have

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.rule_tables import RuleTable


def feasible_counts(
    order: NDArray[np.int64], mask: NDArray[np.bool_], rules: RuleTables, closed: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return how many of the eligible [U, K] no rule bans at each position [U, k], given those above.

    `closed` [k, W, U] has the values that are banned there. 0 behind a list's end.
    """
    users, positions = order.shape
    padded = np.zeros((users, -(-mask.shape[1] // WORD_BITS) * WORD_BITS), np.bool_)
    padded[:, : mask.shape[1]] = mask
    left = np.ascontiguousarray(words_of(padded).T)
    gone = np.zeros((positions, *left.shape), np.uint64)
    word, bit = np.divmod(np.maximum(order.T[:-1], 0), WORD_BITS)
    gone[np.arange(1, positions)[:, None], word, np.arange(users)] = np.uint64(1) << bit.astype(np.uint64)
    np.bitwise_or.accumulate(gone, axis=0, out=gone)
    for at, rule in enumerate(rules):
        if rule.limit:
            gone |= _banned(order, rules, at, closed)
    found = np.bitwise_count(left & ~gone).sum(axis=1, dtype=np.int64)
    return np.where(order >= 0, found.T, 0)


def banned_below(above: NDArray[np.int64], activities: int, rules: Iterable[RuleTable]) -> NDArray[np.bool_]:
    """Return which activities some rule bans at the next position of lists with these entries [U, activities]."""
    tables = RuleTables(rules)
    if not tables:
        return np.zeros((len(above), activities), np.bool_)
    counts = ValueCounts(tables, len(above), above.shape[1] + 1)
    for entries in above.T:
        counts.add(tables.bits[:, entries])
    closed = counts.reached(tables.limits)
    if closed is None:
        return np.zeros((len(above), activities), np.bool_)
    return have(np.broadcast_to(tables.bits[:, None, :-1], (len(closed), len(above), activities)), closed)


def touched(order: NDArray[np.int64], rules: RuleTables) -> NDArray[np.bool_]:
    """Return in which lists [U, k] a value has so many entries that some rule bans the next one or lets it pay.

    Wherever they stand, so in any order of the list.
    """
    counts = ValueCounts(rules, len(order), order.shape[1], in_windows=False)
    for entries in rules.bits[:, order.T].swapaxes(0, 1):
        counts.add(entries)
    reached = counts.reached(rules.limited)
    return np.zeros(len(order), np.bool_) if reached is None else reached.any(axis=0)


def _banned(order: NDArray[np.int64], rules: RuleTables, at: int, closed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return which activities a rule bans in each position, by the values that are closed, a bit each [k, words, U].

    A closed value is one of an entry above, in a window of the last few.
    """
    rule, (positions, users) = rules[at], order.T.shape
    found = np.zeros((positions, len(rule.members), users), np.uint64)
    everybody = np.arange(users)
    for values in rule.values[:, order.T]:
        values = np.where(order.T < 0, -1, values)
        word, bit = np.divmod(rules.first[at] + np.maximum(values, 0).astype(np.int64), WORD_BITS)
        for back in range(1, min(rule.window, positions) if rule.window else 2):
            its = closed[back:][np.arange(positions - back)[:, None], word[:-back], everybody]
            is_closed = (its >> bit[:-back].astype(np.uint64) & np.uint64(1)) != 0
            above, user = np.nonzero(is_closed & (values[:-back] >= 0))
            found[above + back, :, user] |= rule.banned(values[above, user]).T
    if not rule.window:  # what is closed stays so
        np.bitwise_or.accumulate(found, axis=0, out=found)
    return found
