"""What was shown and clicked, by visitor and by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.scripts.simulation.lift import Lift, Rate, click_rate, lift

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tideline.scripts.simulation.frontend import Shown


class Tally:
    """Impressions and clicks of each household in each stretch of time."""

    def __init__(self, holdout: NDArray[np.bool_], slices: int) -> None:
        self._holdout = holdout
        self._impressions = np.zeros((slices, holdout.size), np.int64)
        self._clicks = np.zeros((slices, holdout.size), np.int64)

    def add(self, at: int, shown: Iterable[Shown]) -> None:
        """Count what was shown in slice `at`."""
        for each in shown:
            self._impressions[at, each.visit.household] += len(each.entries)
            self._clicks[at, each.visit.household] += len(each.clicked)

    @property
    def impressions(self) -> int:
        """Impressions so far, of policy and holdout."""
        return int(self._impressions.sum())

    def rate(self, holdout: bool, first: int = 0, after: int | None = None) -> Rate:
        """Return the click rate of the policy or the holdout in the slices from `first` to before `after`."""
        who = self._holdout == holdout
        clicks, impressions = self._clicks[first:after, who], self._impressions[first:after, who]
        return click_rate(clicks.sum(axis=0), impressions.sum(axis=0))

    def lift(self) -> Lift:
        """Return the lift of the policy over the holdout."""
        return lift(self.rate(holdout=False), self.rate(holdout=True))
