"""How policy rows are solved from the sums: what a policy asks of the learner."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Sharing(Enum):
    """What an activity's regression takes from the others."""

    NONE = "none"
    """Nothing: Li et al. 2010, algorithm 1 (disjoint)."""
    PRIOR = "prior"
    """It is drawn to one regression over all activities, where it would be drawn to 0."""
    HYBRID = "hybrid"
    """Effects of context and activity features that all share, and a rest of its own: algorithm 2."""
    PAIRS = "pairs"
    """Effects, that all share, of what user and activity have to do with each other, and a rest of its own."""


class Regression(NamedTuple):
    """Ridge regression; `ridge` is the weight, in impressions of a context of length 1, of the assumption of no effect.

    1 / ridge (of HYBRID: + 1 / shared_ridge) stays below 8: an inverse has to fit its fixed point (policy_table.py).
    """

    ridge: float = 1.0
    sharing: Sharing = Sharing.PRIOR
    shared_ridge: float = 1.0
    """The same for the shared effects of HYBRID."""

    @property
    def name(self) -> str:
        """What tells it from every other one, as policy records say it."""
        shared = f",shared_ridge={self.shared_ridge!r}" if self.sharing is Sharing.HYBRID else ""
        return f"{self.sharing.value}:ridge={self.ridge!r}{shared}"
