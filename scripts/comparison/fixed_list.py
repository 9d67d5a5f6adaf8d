"""A list as it stands as a policy: what it would put below entries that are given, so that a log can judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.limits import HOLDOUT
from tideline.udfs.core.lists.decision_token import read_unverified

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from tideline.scripts.simulation.lists import RankedList
    from tideline.udfs.core.evaluation.log import LoggedFeedback


UNTOLD = -2


class FixedList(NamedTuple):
    """A list by rank: its entries, best first but for those that exploration put where they are."""

    activities: tuple[str, ...]
    explored: int
    """Bit per position."""
    exploration: float
    policy: int
    """Version of the policy that ranked it."""
    ruled: bool = False
    """Whether a list rule had a say in it: what may stand below what is not told then."""

    @classmethod
    def of(cls, made: RankedList) -> FixedList | None:
        """Return it by what the list's token says; None where that cannot be read.

        Tokens come from our own Redis and are not verified.
        """
        try:
            token = read_unverified(made.token or "")
        except InvalidRecord:
            return None
        exploration = 1.0 if token.arm == HOLDOUT else token.exploration
        return cls(made.activities, token.explored, exploration, token.policy, token.acted > 0)

    def best_below(self, above: Collection[str]) -> str | None:
        """Return who stands next, but for exploration, below these entries of a list of the same moment; None: untold.

        That is the best that is not above. An entry that exploration put into its place is worse than the best there
        and else of unknown rank, so below that place it has to be above. The list that was shown drew the same for each
        place where moment and updates are the same, so what was drawn for the place that is asked for must not decide
        whether it is told: where all that this list has above it is above, another one has to be told behind it.
        """
        if self.exploration >= 1.0:
            return ""
        place = len(above)
        by_rank = [not self.explored >> at & 1 for at in range(len(self.activities))]
        if not all(ranked or name in above for ranked, name in zip(by_rank[:place], self.activities, strict=False)):
            return None
        if not any(by_rank[place + 1 :]) and all(name in above for name in self.activities[:place]):
            return None
        ranked = (name for name, ranked in zip(self.activities, by_rank, strict=True) if ranked)
        return next((name for name in ranked if name not in above), None)


@dataclass(frozen=True, slots=True)
class OfLists:
    """Lists as the policy to be judged, one for each row of a log."""

    log: LoggedFeedback
    best: NDArray[np.int64]
    """Who stands next in each row but for exploration [N]: -1 for one that the log does not have, UNTOLD."""
    exploration: NDArray[np.float64]
    """How likely any other stands there [N]."""

    @property
    def absent(self) -> float:
        """See evaluation.targets.Target."""
        return float(np.where(self.best == -1, 1.0 - self.exploration, 0.0).mean())

    def chances(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """See Target: the best that is left with probability 1 - exploration, else any of what could be shown.

        Where it is untold, what was shown, as likely as it was: such a row weighs 1 and says nothing of the lists.
        """
        share = self.exploration[rows] / self.log.remaining(rows)
        found = self.log.open_arms(rows) * share[:, None]
        at = np.flatnonzero(self.best[rows] >= 0)
        found[at, self.best[rows[at]]] += 1.0 - self.exploration[rows[at]]
        untold = np.flatnonzero(self.best[rows] == UNTOLD)
        found[untold] = 0.0
        found[untold, self.log.action[rows[untold]]] = self.log.propensity[rows[untold]]
        return found

    def by_position(self, rows: NDArray[np.int64], positions: int) -> NDArray[np.float64] | None:
        """See Target: what stands in a place depends on what is above."""
        return None
