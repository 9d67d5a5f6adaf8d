"""How many activities could have stood in each place of a list, and which rules had a say: read off the list itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.ranking.rule_tables import WORD_BITS, same_value, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.rule_tables import RuleTable


def feasible_counts(order: NDArray[np.int64], mask: NDArray[np.bool_], rules: Sequence[RuleTable]) -> NDArray[np.int64]:
    """Return how many of the eligible [U, K] no rule bans in each place [U, k], given the entries above; no ban broken.

    0 behind a list's end.
    """
    users, slots = order.shape
    padded = np.zeros((users, -(-mask.shape[1] // WORD_BITS) * WORD_BITS), np.bool_)
    padded[:, : mask.shape[1]] = mask
    left = words_of(padded)
    found = np.zeros((users, slots), np.int64)
    rows, listed = np.arange(users), order >= 0
    closings = [_closed(order, rule) for rule in rules if rule.limit]
    for slot in range(slots):
        open_to_all = left
        for closing in closings:
            open_to_all = open_to_all & ~next(closing)
        found[:, slot] = np.where(listed[:, slot], np.bitwise_count(open_to_all).sum(axis=1, dtype=np.int64), 0)
        word, bit = np.divmod(np.maximum(order[:, slot], 0), WORD_BITS)
        left[rows, word] &= ~(np.uint64(1) << bit.astype(np.uint64))
    return found


def banned_below(above: NDArray[np.int64], activities: int, rules: Sequence[RuleTable]) -> NDArray[np.bool_]:
    """Return which of the activities some rule bans in the next place of lists with these entries [U, activities]."""
    found = np.zeros((len(above), -(-activities // WORD_BITS) * WORD_BITS), np.bool_)
    order = np.concatenate([above, np.full((len(above), 1), -1)], axis=1)
    for rule in rules:
        if rule.limit:
            *_, closed = _closed(order, rule)
            found |= np.unpackbits(closed.view(np.uint8), axis=1, bitorder="little").astype(np.bool_)
    return found[:, :activities]


def acted_classes(order: NDArray[np.int64], rules: Sequence[RuleTable]) -> NDArray[np.int64]:
    """Return the bits of the rules of which a value reached its limit in each list, in a window or not [U].

    Whatever order its entries stand in: so two lists that differ by that alone both say so, or neither does. Where none
    did, as many activities were free in each place as were eligible and not above.
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


def _values(order: NDArray[np.int64], rule: RuleTable) -> NDArray[np.int32]:
    """Return the values of entries [m, k, U], -1 where there is none."""
    found: NDArray[np.int32] = rule.values[:, order.T]
    found[:, order.T < 0] = -1
    return found


def _closed(order: NDArray[np.int64], rule: RuleTable) -> Iterator[NDArray[np.uint64]]:
    """Yield for one place after the other which activities the rule bans there, as words [U, words]."""
    values = _values(order, rule)
    others = np.where(values < 0, -2, values)
    none = np.zeros((len(order), rule.members.shape[1]), np.uint64)
    found = none
    for slot in range(order.shape[1]):
        # Without a window what is closed stays so, and the entry above is all that is new.
        first = max(slot + 1 - rule.window, 0) if rule.window else 0
        newest = first if rule.window else max(slot - 1, 0)
        found = none if rule.window else found
        for at in range(newest, slot):
            for each, same in zip(values[:, at], same_value(values[:, at, None], others[:, first:slot]), strict=True):
                full = same.sum(axis=0) >= rule.limit
                if full.any():
                    found = found | rule.members[np.where(full, each, -1)]
        yield found
