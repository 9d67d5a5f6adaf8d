"""What readers were told of standings: a publication holds those that moved since, and some of the others in turn.

A standing that does not move is silent for one round of publications, which the learner makes nine minutes of work
(turn.py), so a reader who starts has all in the ten minutes of the topic that he reads (policy_start.py). Nothing in it
runs out meanwhile: leases count from the newest time that any standing tells, so one is told where a minute was learned
of and none moved, and a stop is told in the publication that finds it. Who was restored tells all at first: what was
published between his state and its end is not in it, and readers would go by that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.budgets.owed_exposure import OFFSET_LIMIT
from tideline.udfs.core.budgets.pacing import in_price_units
from tideline.udfs.core.budgets.standing import Standing, decode_standing
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.variants.variant_sums import shares_moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PART = 32
BEATS_MS = 60_000
"""So much was learned of since the newest standing that was told: another is, and readers of older lists are told how
long these go on. A tenth of the shortest lease."""
_OFFSET_STEP = in_price_units(OFFSET_LIMIT / _PART)


class Told:
    """The standings as they were last published, and how many publications there were in this round."""

    def __init__(self, kept: Mapping[str, bytes], turn: int, in_round: int) -> None:
        """`kept` has the records that were published, by activity; a round is so many publications, 0 for no end."""
        self._told = dict(decode_standing(value, -1) for value in kept.values())
        self.turn = turn
        self._round = in_round
        self._is_restored = bool(kept)

    def due(self, standings: Iterable[tuple[str, Standing]]) -> list[tuple[str, Standing]]:
        """Return those of some standings that the next publication is to hold, and take them for told."""
        if self._round:
            self.turn = (self.turn + 1) % self._round
        every = list(standings)
        found = [(name, now) for name, now in every if self._is_restored or self._is_due(name, now)]
        self._is_restored = False
        return self.tell(found or self._beat(every))

    def tell(self, standings: Iterable[tuple[str, Standing]]) -> list[tuple[str, Standing]]:
        """Take standings for told, whether they moved or not."""
        found = list(standings)
        self._told.update(found)
        return found

    def stopped(self) -> int:
        """Return how many activities are stopped by what was told."""
        return sum(standing.stopped for standing in self._told.values())

    def forget(self, name: str) -> None:
        """Forget an activity that has neither budget nor floor any more."""
        self._told.pop(name, None)

    def _beat(self, standings: list[tuple[str, Standing]]) -> list[tuple[str, Standing]]:
        """Return the one that was told longest ago, where readers have not heard of anything for a minute of events."""
        heard_ms = max((each.as_of_ms for each in self._told.values()), default=0)
        if max((now.as_of_ms for _, now in standings), default=0) < heard_ms + BEATS_MS:
            return []
        return [min(standings, key=lambda each: (self._told[each[0]].as_of_ms, each[0]))]

    def _is_due(self, name: str, now: Standing) -> bool:
        told = self._told.get(name)
        in_turn = self._round > 0 and (self.turn + activity_hash(name)) % self._round == 0
        return told is None or in_turn or moved(told, now)


def moved(told: Standing, now: Standing) -> bool:
    """Return whether readers have to be told: by a 32nd, or that it stopped or goes on.

    That is far below what prices and offsets move by in their course, and what a lease has in reserve.

    >>> moved(Standing(price=3200), Standing(price=3300)), moved(Standing(price=3200), Standing(price=3301))
    (False, True)
    """
    if told.stopped != now.stopped or abs(now.offset - told.offset) > _OFFSET_STEP:
        return True
    if shares_moved(told.shares, now.shares):
        return True
    pairs = zip(_amounts(told), _amounts(now), strict=True)
    return any(abs(after - before) * _PART > abs(before) for before, after in pairs)


def _amounts(standing: Standing) -> tuple[int, ...]:
    committed = standing.spent_cents + standing.pending_cents
    return standing.price, standing.lease_ms, standing.spent_cents, committed, standing.impressions, standing.sold
