"""The lists for users who have none yet or none left to show: most clicked first, signed for nobody in particular."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.catalogue.catalogue import open_at, open_until
from tideline.udfs.core.lists.ranked_lists import ListHeads
from tideline.udfs.core.pairs.pairs_of import strangers_pairs
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.placements import DEFAULT
from tideline.udfs.core.ranking.ranking import rank
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.serving.signed_lists import signed_lists
from tideline.udfs.core.users.interest import stranger_x

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.ranking.ranking import Ranked

    Entries = tuple[tuple[int, int], ...]

RENEWED_MS = 600_000
"""It is written again after so much time, so that it neither expires nor stays away after a loss of Redis."""
_AGREEING = 3
"""Batches in a row that must have reached a time before it counts: one wrong clock does not move the list."""


class PopularList:
    """Makes the list, and that of each placement, and says so when entries changed or they are due again."""

    def __init__(self, ttl_ms: int) -> None:
        self._policy = make_policy("popular")
        self._renewed_ms = min(RENEWED_MS, ttl_ms // 2)
        self._published: list[Entries] | None = None
        self._version = (0, 0, 0)
        self._as_of_ms = 0
        self._newest_ms: deque[int] = deque(maxlen=_AGREEING)

    def due(self, ranker: RankerState, newest_ms: int, renew: bool = False) -> dict[str, bytes]:
        """Return the payloads, none where all entries are as before and they are not due; `renew`: they are due.

        The default list's is under "", a placement's under its name; they are written together, so none is ever beside
        one of another time that it has to be apart from.

        It is as of the newest event time that the last batches agree on. Activities with a rule, a cap or a limit over
        all users are for known users only: whoever reads the list would spend of a budget, whatever its price. So are
        those with variants: everybody would see the same. Its version is (generation, time, policy version).
        """
        self._newest_ms.append(newest_ms)
        at_ms = max(self._as_of_ms, min(self._newest_ms))
        as_of_ms = np.array([at_ms])
        mask = open_at(ranker.catalogue, as_of_ms)
        mask &= np.array([_is_for_all(each) for each in ranker.catalogue.activities], np.bool_)
        if not mask.any():
            return {}
        self._as_of_ms = at_ms
        ranked = self._ranked(ranker, mask)
        until = open_until(ranker.catalogue, as_of_ms)
        ends = ranker.catalogue.ends_ms if until is None else until[0]
        entries = [_entries(ranker, each.order[0], ends) for each in ranked]
        version = (ranker.generation, at_ms, ranker.version + 1)
        is_due = entries != self._published or at_ms >= self._version[1] + self._renewed_ms
        if not (renew or (is_due and version > self._version)):
            return {}
        self._published, self._version = entries, version
        seq = np.array([version[2]])
        heads = ListHeads([""], as_of_ms, seq, np.zeros(1, np.int64), popular=True, until=until)
        x, pairs = stranger_x()[None, :], strangers_pairs(ranker.offers.content)[None, :]
        names = {"": 0, **{each.name: each.placement.number for each in ranker.offers.placed}}
        return {
            name: signed_lists(ranker, heads._replace(placement=number), x, pairs, its)[0]
            for (name, number), its in zip(names.items(), ranked, strict=True)
        }

    def _ranked(self, ranker: RankerState, mask: NDArray[np.bool_]) -> list[Ranked]:
        """Return the default list and that of each placement."""
        seeds = np.zeros(1, np.uint64)

        def made(mask: NDArray[np.bool_], form: ListForm) -> Ranked:
            return rank(self._policy, ranker.known, Contexts(stranger_x()[None, :]), mask, seeds, form)

        found = [made(mask, ListForm(ranker.settings.list_size, rules=ranker.offers.rules))]
        orders = {DEFAULT: found[0].order}
        for each in ranker.offers.placed:
            found.append(made(each.open(mask, orders), ListForm(each.placement.size, rules=each.rules)))
            orders[each.name] = found[-1].order
        return found


def _entries(ranker: RankerState, order: NDArray[np.int64], ends: NDArray[np.int64]) -> Entries:
    chosen = order[order >= 0]
    return tuple(zip(ranker.catalogue.hashes[chosen].tolist(), ends[chosen].tolist(), strict=True))


def _is_for_all(activity: Activity) -> bool:
    return not (activity.rule or activity.limits() or activity.is_limited or activity.variants)
