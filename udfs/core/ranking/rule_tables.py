"""List rules over the activities of a catalogue, as numbers: what each one's values are, what a further one costs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tideline.udfs.core.policies.base import SCORE_UNITS
from tideline.udfs.core.ranking.list_rules import PENALTIES_PER_SCORE, values_of
from tideline.udfs.core.ranking.sort_keys import NUMBER_BITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tideline.udfs.core.ranking.list_rules import Described, ListRule

RULE_CLASSES = {"category": 1, "kind": 2, "label": 4}
"""Bit of each class of rules in a token: classes outlive the rules of a deployment."""
RELAXED = 128
"""Bit that says that a ban was broken because nothing else was left."""
WORD_BITS = 64
_NONE = -1


class RuleTable(NamedTuple):
    """One rule for K activities that have at most m values by it."""

    values: NDArray[Any]
    """Numbers of each activity's values [m, K], the last ones _NONE."""
    limit: int
    """Entries of a value after which it is banned; 0: it never is."""
    free: int
    """After so many entries of a value the next one pays or is banned; 0: none ever is."""
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
        """Number the values by name, first those that more activities have than a list may hold.

        Of a value that no further activity has once it would be banned or pay, nothing depends: it has no number.
        """
        named = [values_of(activity, rule.by) for activity in activities]
        times_held = Counter(value for mine in named for value in mine)
        least = _free_entries(rule) or len(named)
        held = {value: times for value, times in times_held.items() if times > least}
        own = [[value for value in mine if value in held] for mine in named]
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


Masks = tuple[tuple[int, NDArray[np.uint64]], ...]
"""By a number of entries, or of positions in a row, values as bits [W, 1]."""


class RuleTables(tuple[RuleTable, ...]):
    """Rules in their order over the same activities; every value of every rule is a bit of W words."""

    bits: NDArray[np.uint64]
    """Values of each activity [W, K + 1]; the last one, where -1 finds it, has none."""
    first: tuple[int, ...]
    """The bit of each rule's value 0."""
    of_rule: tuple[NDArray[np.uint64], ...]
    """All values of each rule [W, 1]."""
    limits: Masks
    """Values that are banned after so many entries."""
    paying: Masks
    """Values of which the next entry pays after so many."""
    limited: Masks
    """Values that are banned after so many entries, or of which so many make one pay."""
    windows: Masks
    """Values that are counted in so many positions in a row."""

    def __new__(cls, rules: Iterable[RuleTable] = ()) -> RuleTables:
        """Give every value its bit."""
        self = super().__new__(cls, rules)
        sizes = [int(rule.values.max(initial=_NONE)) + 1 for rule in self]
        ends = np.cumsum([0, *sizes]).tolist()
        self.first = tuple(ends[:-1])
        shape = (max(-(-ends[-1] // WORD_BITS), 1), self[0].values.shape[1] + 1 if self else 1)
        self.bits = np.zeros(shape, np.uint64)
        masks = []
        for rule, first, size in zip(self, self.first, sizes, strict=True):
            for values in rule.values:
                at = np.flatnonzero(values != _NONE)
                word, bit = np.divmod(first + values[at].astype(np.int64), WORD_BITS)
                self.bits[word, at] |= np.uint64(1) << bit.astype(np.uint64)
            mine = np.zeros((shape[0] * WORD_BITS,), np.bool_)
            mine[first : first + size] = True
            masks.append(words_of(mine[None]).T)
        self.of_rule = tuple(masks)
        self.limits = self._masks(rule.limit for rule in self)
        self.paying = self._masks(0 if rule.costs is None else rule.free for rule in self)
        self.limited = self._masks(rule.free + (rule.costs is not None) for rule in self)
        self.windows = self._masks(rule.window for rule in self)
        return self

    def _masks(self, numbers: Iterable[int]) -> Masks:
        """Return the values of the rules that have each number but 0, and values."""
        found: dict[int, NDArray[np.uint64]] = {}
        for number, mine in zip(numbers, self.of_rule, strict=True):
            if number and mine.any():
                found[number] = found[number] | mine if number in found else mine
        return tuple(sorted(found.items()))


NO_RULES = RuleTables()


def _free_entries(rule: ListRule) -> int:
    paying = [at for at, each in enumerate(rule.penalty) if each]
    return paying[0] if paying else 0


def words_of(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return rows of a multiple of WORD_BITS truth values as words [rows, words]."""
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)


def compiled(rules: Sequence[ListRule], activities: Sequence[Described]) -> RuleTables:
    """Return the table of each rule, in their order."""
    return RuleTables(RuleTable.of(rule, activities) for rule in rules)


def rule_names(classes: int) -> list[str]:
    """Return the names of the classes that a token's byte says acted.

    >>> rule_names(130)
    ['list.kind', 'list.relaxed']
    """
    named = [f"list.{name}" for name, bit in RULE_CLASSES.items() if classes & bit]
    return named + ["list.relaxed"] * bool(classes & RELAXED)
