"""List rules over the activities of a catalogue, as numbers: what each one's values are, what a further one costs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.policies.base import SCORE_UNITS
from tideline.udfs.core.ranking.list_rules import PENALTIES_PER_SCORE, values_of
from tideline.udfs.core.ranking.sort_keys import NUMBER_BITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.list_rules import Described, ListRule

RULE_CLASSES = {"category": 1, "kind": 2, "label": 4}
"""Bit of each class of rules in a token: classes outlive the rules of a deployment."""
RELAXED = 128
"""Bit that says that a ban was broken because nothing else was left."""
WORD_BITS = 64
_NONE, _NO_OTHER = -1, -2
"""What stands for no value in an entry's own numbers and in those that it is compared with: they never agree."""


class RuleTable(NamedTuple):
    """One rule for K activities that have at most m values by it."""

    values: NDArray[Any]
    """Numbers of each activity's values [m, K], the last ones _NONE."""
    others: NDArray[Any]
    """The same for `same_value` to compare with: a missing one is like none of `values`."""
    limit: int
    """Entries of a value after which it is banned; 0: it never is."""
    free: int
    """Entries of a value that pay nothing and are not banned."""
    window: int
    costs: NDArray[np.int64] | None
    """What the n-th entry pays, in sort keys; the last for all further ones. None: none pays."""
    relax: bool
    bit: int
    members: NDArray[np.uint64]
    """Which activities have each value of which some are left when it is banned, a bit each [words, values + 1].

    Other values have no column of their own; the last one, without members, is theirs.
    """

    @classmethod
    def of(cls, rule: ListRule, activities: Sequence[Described]) -> RuleTable:
        """Number the values by name, first those that more activities have than a list may hold."""
        own = [values_of(activity, rule.by) for activity in activities]
        held = Counter(value for mine in own for value in mine)
        closing = sorted(value for value, times in held.items() if 0 < rule.limit < times)
        number_of = {value: at for at, value in enumerate([*closing, *sorted(held.keys() - set(closing))])}
        few = len(number_of) <= np.iinfo(np.int16).max
        values = np.full((max([1, *map(len, own)]), len(own)), _NONE, np.int16 if few else np.int32)
        members = np.zeros((-(-len(own) // WORD_BITS), len(closing) + 1), np.uint64)
        for at, mine in enumerate(own):
            for place, value in enumerate(mine):
                number = values[place, at] = number_of[value]
                if number < len(closing):
                    members[at // WORD_BITS, number] |= np.uint64(1 << at % WORD_BITS)
        numbers = np.array(rule.numbers, np.int64)
        costs = numbers * round(SCORE_UNITS / PENALTIES_PER_SCORE) << NUMBER_BITS
        return cls(
            values=values,
            others=np.where(values == _NONE, np.array(_NO_OTHER, values.dtype), values),
            limit=rule.limit,
            free=_free_entries(rule),
            window=rule.window,
            costs=costs if costs.any() else None,
            relax=rule.relax,
            bit=RULE_CLASSES[rule.by.partition(".")[0]],
            members=members,
        )

    def banned(self, values: NDArray[Any]) -> NDArray[np.uint64]:
        """Return which activities are banned once these values [n] are, a bit each [words, n]."""
        found: NDArray[np.uint64] = self.members[:, np.minimum(values, self.members.shape[1] - 1)]
        return found


def same_value(values: NDArray[Any], others: NDArray[Any]) -> Iterator[NDArray[np.bool_]]:
    """Yield for each of `values` [m, ...] whether it is among `others` [m, ...], which broadcast."""
    for mine in values:
        found = mine == others[0]
        for each in others[1:]:
            found |= mine == each
        yield found


def _free_entries(rule: ListRule) -> int:
    """Return how many entries of a value pay nothing; more than a list has where none ever pays."""
    paying = [at for at, each in enumerate(rule.penalty) if each]
    return paying[0] if paying else MAX_POSITIONS


def words_of(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return rows of a multiple of WORD_BITS truth values as words [rows, words]."""
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)


def compiled(rules: Sequence[ListRule], activities: Sequence[Described]) -> tuple[RuleTable, ...]:
    """Return the table of each rule, in their order."""
    return tuple(RuleTable.of(rule, activities) for rule in rules)


def rule_names(classes: int) -> list[str]:
    """Return the names of the classes that a token's byte says acted.

    >>> rule_names(130)
    ['list.kind', 'list.relaxed']
    """
    named = [f"list.{name}" for name, bit in RULE_CLASSES.items() if classes & bit]
    return named + ["list.relaxed"] * bool(classes & RELAXED)
