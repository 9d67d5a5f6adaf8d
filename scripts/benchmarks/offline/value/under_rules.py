"""A ranker under budgets, caps, floors and rules of a whole list: what it would have shown, as far as they allow it.

Budgets stop where no further conversion is paid for, caps count what a visitor saw, a quota passes over what is too
much of one value, and what a floor is owed stands in the last place that is seen, for those whom the ranker would
sooner have shown it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.scripts.benchmarks.offline.value.value_play import NONE, Shown, best_first
from tideline.udfs.core.counter_random import shuffle_keys
from tideline.udfs.core.ranking.filling import fill
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.rule_tables import RuleTables, compiled
from tideline.udfs.core.ranking.sort_keys import sort_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.value.value_play import Ranker, Truth
    from tideline.scripts.benchmarks.offline.value.value_stage import Stage
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.ranking.list_rules import ListRule

_STEPS = 20


class Rules(NamedTuple):
    """What K activities state, and the rules of a whole list over them."""

    budgets: NDArray[np.float64]
    """[K], infinite where there is none."""
    costs: NDArray[np.float64]
    floors: NDArray[np.float64]
    caps: tuple[tuple[int, int, int], ...]
    """(activity, times shown at most, window in ms)."""
    tables: RuleTables

    @classmethod
    def of(cls, activities: Sequence[Activity], list_rules: Sequence[ListRule]) -> Rules:
        """Return what they state."""
        return cls(
            np.array([np.inf if each.budget is None else each.budget for each in activities]),
            np.array([each.cost for each in activities]),
            np.array([each.exposure_floor for each in activities]),
            tuple(
                (at, each.cap.max_shown, each.cap.window_ms)
                for at, each in enumerate(activities)
                if each.cap is not None
            ),
            compiled(list_rules, activities),
        )


class UnderRules:
    """A ranker of a stage of which all positions are seen, so that it says what it would show next; see Ranker."""

    def __init__(self, ranker: Ranker, truth: Truth, rules: Rules) -> None:
        self._ranker, self._truth, self._rules = ranker, truth, rules
        self._looked = np.array(truth.looked_at)
        self._spent = np.zeros(rules.budgets.size)
        self._exposed = np.zeros(rules.budgets.size)
        self._shown: dict[tuple[int, int], list[int]] = defaultdict(list)

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Ranker."""
        wishes = self._ranker.order(visits, seen)
        rank = np.full(seen.shape, NONE)
        rows, places = np.nonzero(wishes != NONE)
        rank[rows, wishes[rows, places]] = places
        rank[:, self._spent + self._rules.costs > self._rules.budgets] = NONE
        self._cap(rank, visits)
        found = self._filled(rank)
        self._pay_floors(found, rank)
        return found

    def _cap(self, rank: NDArray[np.int64], visits: NDArray[np.int64]) -> None:
        for activity, most, window_ms in self._rules.caps:
            for row, visit in enumerate(visits.tolist()):
                since_ms = int(self._truth.visit_ms[visit]) - window_ms
                times = self._shown[int(self._truth.visitor[visit]), activity]
                if sum(at_ms > since_ms for at_ms in times) >= most:
                    rank[row, activity] = NONE

    def _filled(self, rank: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first of each row [visits, positions] that the list rules let stand together."""
        may = rank != NONE
        if not self._rules.tables:
            return best_first(-rank.astype(np.float64), may, self._looked.size)
        ties = shuffle_keys(np.zeros(len(rank), np.uint64))
        keys = sort_keys(-rank.astype(np.float64), may, ties)
        form = ListForm(self._looked.size, 0.0, self._rules.tables)
        return fill(keys, ties, may.sum(axis=1), np.zeros(len(rank), np.uint64), form).order

    def _pay_floors(self, found: NDArray[np.int64], rank: NDArray[np.int64]) -> None:
        """Put what floors are owed by the exposure until this slice and in it into the last place, in `found`."""
        last = found.shape[1] - 1
        for activity in np.flatnonzero(self._rules.floors).tolist():
            exposed = float(self._looked @ (found == activity).sum(axis=0)) + self._exposed[activity]
            total = float(self._looked @ (found != NONE).sum(axis=0)) + self._exposed.sum()
            owed = int((self._rules.floors[activity] * total - exposed) / self._looked[last])
            able = np.flatnonzero((rank[:, activity] != NONE) & ~(found == activity).any(axis=1))
            able = able[np.argsort(rank[able, activity], kind="stable")][: max(owed, 0)]
            found[able, last] = activity

    def learn(self, shown: Shown) -> None:
        """See Ranker."""
        self._ranker.learn(shown)
        size, there = self._spent.size, shown.order != NONE
        self._spent += self._rules.costs * np.bincount(shown.order[shown.converted], minlength=size)
        looked = np.broadcast_to(self._looked, shown.order.shape)[there]
        self._exposed += np.bincount(shown.order[there], looked, size)
        for activity, _, _ in self._rules.caps:
            for visit in shown.visits[(shown.order == activity).any(axis=1)].tolist():
                at_ms = int(self._truth.visit_ms[visit])
                self._shown[int(self._truth.visitor[visit]), activity].append(at_ms)


def shares_kept(stage: Stage, rules: Rules) -> NDArray[np.float64]:
    """Return by what the chance of a click of each activity [K] is multiplied so that its budget lasts to the end.

    In hindsight, by the truth: the largest share at which lists of the best, without other rules, spend no more than
    the budget. A conversion costs the same whoever makes it and is a share of clicks, so its price takes a share too.
    """
    found = np.ones(rules.budgets.size)
    for activity in np.flatnonzero(np.isfinite(rules.budgets)).tolist():
        least, most = 0.0, 2.0
        for _ in range(_STEPS):
            share = (least + most) / 2
            over = _conversions(stage, activity, share) * rules.costs[activity] > rules.budgets[activity]
            least, most = (least, share) if over else (share, most)
        found[activity] = min(least, 1.0)
    return found


def _conversions(stage: Stage, activity: int, share: float) -> float:
    """Return how many conversions of an activity lists of the best are expected to bring."""
    truth, found = stage.truth, 0.0
    looked = np.array([*truth.looked_at, 0.0])
    for visits in truth.slices:
        response, who = truth.response_at(visits), truth.visitor[visits]
        click = np.where(stage.open[visits], response.click[who], NONE)
        mine = np.where(click[:, activity] == NONE, NONE, share * click[:, activity])
        better = np.minimum((click > mine[:, None]).sum(axis=1) - (click[:, activity] > mine), looked.size - 1)
        found += float((looked[better] * response.conversion[who, activity])[mine != NONE].sum())
    return found
