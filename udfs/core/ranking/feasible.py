"""How many activities could have stood at each position of a list, and which rules had a say: read off the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.ranking.rule_tables import WORD_BITS, same_value, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.rule_tables import RuleTable


def feasible_counts(order: NDArray[np.int64], mask: NDArray[np.bool_], rules: Sequence[RuleTable]) -> NDArray[np.int64]:
    """Return how many of the eligible [U, K] no rule bans at each position [U, k], given those above; no ban broken.

    0 behind a list's end.
    """
    users, positions = order.shape
    padded = np.zeros((users, -(-mask.shape[1] // WORD_BITS) * WORD_BITS), np.bool_)
    padded[:, : mask.shape[1]] = mask
    left = np.ascontiguousarray(words_of(padded).T)
    gone = np.zeros((positions, *left.shape), np.uint64)
    word, bit = np.divmod(np.maximum(order.T[:-1], 0), WORD_BITS)
    gone[np.arange(1, positions)[:, None], word, np.arange(users)] = np.uint64(1) << bit.astype(np.uint64)
    np.bitwise_or.accumulate(gone, axis=0, out=gone)
    for rule in rules:
        if rule.limit:
            gone |= _closed(order, rule)
    found = np.bitwise_count(left & ~gone).sum(axis=1, dtype=np.int64)
    return np.where(order >= 0, found.T, 0)


def banned_below(above: NDArray[np.int64], activities: int, rules: Sequence[RuleTable]) -> NDArray[np.bool_]:
    """Return which activities some rule bans at the next position of lists with these entries [U, activities]."""
    found = np.zeros((len(above), -(-activities // WORD_BITS) * WORD_BITS), np.bool_)
    order = np.concatenate([above, np.full((len(above), 1), -1)], axis=1)
    for rule in rules:
        if rule.limit:
            closed = np.ascontiguousarray(_closed(order, rule)[-1].T)
            found |= np.unpackbits(closed.view(np.uint8), axis=1, bitorder="little").astype(np.bool_)
    return found[:, :activities]


def acted_classes(order: NDArray[np.int64], rules: Sequence[RuleTable]) -> NDArray[np.int64]:
    """Return the bits of the rules of which a value reached its limit in each list, in a window or not [U].

    Whatever order its entries stand in: so two lists that differ by that alone both say so, or neither does. Where none
    did, as many activities were free in each position as were eligible and not above.
    """
    found = np.zeros(len(order), np.int64)
    for rule in rules:
        if rule.limit:
            found[reaches(order, rule, rule.limit)] |= rule.bit
    return found


def reaches(order: NDArray[np.int64], rule: RuleTable, count: int) -> NDArray[np.bool_]:
    """Return in which lists [U, k] so many entries have one value of a rule."""
    values = _values(order, rule)
    values = np.sort(values.reshape(-1, len(order)).T, axis=1)
    if count > values.shape[1]:
        return np.zeros(len(order), np.bool_)
    alike = values[:, count - 1 :] == values[:, : values.shape[1] - count + 1]
    found: NDArray[np.bool_] = (alike & (values[:, count - 1 :] >= 0)).any(axis=1)
    return found


def _values(order: NDArray[np.int64], rule: RuleTable) -> NDArray[Any]:
    """Return the values of entries [m, k, U], -1 where there is none."""
    found: NDArray[Any] = rule.values[:, order.T]
    found[:, order.T < 0] = -1
    return found


def _closed(order: NDArray[np.int64], rule: RuleTable) -> NDArray[np.uint64]:
    """Return which activities the rule bans in each position, given the entries above, a bit each [k, words, U]."""
    values = _values(order, rule)
    others = np.where(values < 0, -2, values)
    positions, users = values.shape[1:]
    found = np.zeros((positions, len(rule.members), users), np.uint64)
    alike = list(same_value(values[:, :, None], others[:, None]))
    if not rule.window:  # what is closed stays so
        upwards = np.tri(positions, dtype=np.bool_)[:, :, None]
        for each, same in zip(values, alike, strict=True):
            at, user = np.nonzero(_count(same & upwards)[:-1] >= rule.limit)
            found[at + 1, :, user] |= rule.banned(each[at, user]).T
        np.bitwise_or.accumulate(found, axis=0, out=found)
        return found
    for position in range(1, positions):
        first = max(position + 1 - rule.window, 0)
        for each, same in zip(values, alike, strict=True):
            full = _count(same[first:position, first:position]) >= rule.limit
            for at in np.flatnonzero(full.any(axis=1)).tolist():
                user = np.flatnonzero(full[at])
                found[position][:, user] |= rule.banned(each[first + at, user])
    return found


def _count(same: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return how many are true along the second axis."""
    found: NDArray[np.uint8] = np.add.reduce(same.view(np.uint8), axis=1, dtype=np.uint8)
    return found
