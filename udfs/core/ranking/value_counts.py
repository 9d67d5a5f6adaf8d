"""How many entries of lists have each value, all rules at once: a bit for each value, a plane of bits for each count.

Plane n holds the values that more than n entries have. A further entry lifts those that it has, from each plane into
the next; one that leaves a rule's window lets them down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.rule_tables import Masks, RuleTables

    Words = NDArray[np.uint64]


class ValueCounts:
    """Counts of the entries of U lists, as words of values [W, U]."""

    def __init__(self, rules: RuleTables, users: int, positions: int, *, in_windows: bool = True) -> None:
        """Count nothing yet; without windows each rule counts in the whole list."""
        self._rules, self._users = rules, users
        self._windows = [each for each in rules.windows if in_windows and each[0] < positions]
        self._whole = ValueCounts(rules, users, positions, in_windows=False) if self._windows else self
        asked = [count for masks in (rules.limits, rules.limited) for count, _ in masks]
        asked += [0 if rule.costs is None else rule.costs.size - 1 for rule in rules]
        # Counts that are not told apart from higher ones could not be let down.
        exact = [window - 1 for window, _ in self._windows]
        most = max([min(max(asked, default=0), positions), *exact])
        self.planes = [np.zeros((len(rules.bits), users), np.uint64) for _ in range(most)]
        self._added: list[Words] = []

    def add(self, entry: Words) -> None:
        """Count a further entry of each list, by the bits of its values [W, U]."""
        planes = self.planes
        if self._windows:
            self._whole.add(entry)
            self._forget(entry)
        for at in range(len(planes) - 1, 0, -1):
            planes[at] |= planes[at - 1] & entry
        for plane in planes[:1]:
            plane |= entry

    def _forget(self, entry: Words) -> None:
        self._added.append(entry)
        for window, mask in self._windows:
            if len(self._added) >= window:
                stay = ~(self._added[-window] & mask)
                for plane, above in zip(self.planes, self.planes[1:], strict=False):
                    plane &= stay | above
                self.planes[-1] &= stay

    def reached(self, masks: Masks) -> Words | None:
        """Return which values of masks have as many entries as they are listed under; None where none can have."""
        found: Words | None = None
        for count, mask in masks:
            if count <= len(self.planes):
                some = self.planes[count - 1] & mask
                found = some if found is None else np.bitwise_or(found, some, out=found)
        return found

    def acted(self) -> NDArray[np.int64]:
        """Return the bits of the rules of which a value reached its limit in each list, in a window or not [U].

        Whatever order its entries stand in: so two lists that differ by that alone both say so, or neither does. Where
        none did, as many activities were free in each position as were eligible and not above.
        """
        rules = self._rules
        found, reached = np.zeros(self._users, np.int64), self._whole.reached(rules.limits)
        for rule, mine in zip(rules, rules.of_rule, strict=True):
            if rule.limit and reached is not None:
                found |= (reached & mine).any(axis=0) * rule.bit
        return found


def have(values: Words, wanted: Words) -> NDArray[np.bool_]:
    """Return which activities [U, M] with these values [W, U, M] have any of the wanted ones [W, U]."""
    found = values[0] & wanted[0, :, None]
    for mine, those in zip(values[1:], wanted[1:], strict=True):
        found |= mine & those[:, None]
    has: NDArray[np.bool_] = found != 0
    return has
