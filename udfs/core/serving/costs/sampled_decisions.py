"""Decisions that are looked at again for what rules cost, once there are enough of them to be cheap.

A pass over one decision takes nearly as long as one over many, so they wait, with what they were made from, until so
many are there or the ranker's state is about to be another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.cold_start import Charged, offsets_of, scaled
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.rule_costs.days import KEPT_DAYS
from tideline.udfs.core.rule_costs.front import Bonus, front_of, weights_mark
from tideline.udfs.core.rule_costs.steps import Masks, Sample
from tideline.udfs.core.rule_costs.sums import ONE_IN, PRICE_LIMIT, Prices, sampled, summed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.rule_costs.sums import DayCosts
    from tideline.udfs.core.serving.ranker_state import RankerState

DAY_MS = 86_400_000
ENOUGH = 256
NOBODY = np.zeros(0, np.int64)


class SampledDecisions(NamedTuple):
    """S decisions of one state of the ranker: what they were made from, and their lists [S, k]."""

    ranker: RankerState
    arms: NDArray[np.int64]
    contexts: Contexts
    masks: Masks
    seeds: NDArray[np.uint64]
    as_of_ms: NDArray[np.int64]
    order: NDArray[np.int64]


def looked_at_again(ranker: RankerState, seeds: NDArray[np.uint64], one_in: int = ONE_IN) -> NDArray[np.int64]:
    """Return the numbers of the decisions that are sampled: none where there are no rules that may cost anything."""
    has_rules = (
        ranker.catalogue.caps.keys.size or ranker.offers.rules or ranker.tables.standings or _keeps_clicks(ranker)
    )
    return sampled(seeds, one_in) if has_rules else NOBODY


def _keeps_clicks(ranker: RankerState) -> bool:
    return ranker.settings.least_clicks > 0.0 and ranker.weights == ranker.settings.weights


def costs_of_rules(decisions: SampledDecisions) -> list[DayCosts]:
    """Return what rules cost these decisions, by day; every arm is compared with what its own policy expects.

    Each day is a pass of its own, so what is older than the days that are kept is not looked at: lists that are written
    again for users last seen then, or events of long ago from users nobody knows.
    """
    found: dict[int, DayCosts] = {}
    days = decisions.as_of_ms // DAY_MS
    since = int(days.max()) - KEPT_DAYS
    for day, arm in sorted(set(zip(days.tolist(), decisions.arms.tolist(), strict=True))):
        if day <= since:
            continue
        sample, looked_at, bonus = _sample(decisions, np.flatnonzero((days == day) & (decisions.arms == arm)), arm)
        costs = summed(sample, looked_at, day, _prices(decisions.ranker, sample.seeds.size))
        if _keeps_clicks(decisions.ranker) and decisions.ranker.policy_of(arm) is decisions.ranker.settings.policy:
            mark = weights_mark(decisions.ranker.weights)
            front = front_of(sample, looked_at, bonus, scaled(decisions.ranker.weights)[0])
            costs = costs._replace(fronts={mark: front})
        found[day] = found[day].plus(costs) if day in found else costs
    return list(found.values())


def _prices(ranker: RankerState, lists: int) -> dict[str, Prices]:
    """Return what so many lists were made under: a standing of an activity that is no more says nothing."""
    return {
        name: Prices(
            lists,
            lists * min(each.price, PRICE_LIMIT),
            lists * min(each.offset, PRICE_LIMIT),
            lists * each.stopped,
        )
        for name, each in ranker.tables.standings.items()
        if name in ranker.catalogue.reward_value
    }


def _sample(
    decisions: SampledDecisions, here: NDArray[np.int64], arm: int
) -> tuple[Sample, NDArray[np.float64], Bonus]:
    """Return some decisions of one arm as steps are made from them, how often each place is looked at, the bonus."""
    ranker, order, masks, seeds = decisions.ranker, decisions.order[here], decisions.masks.part(here), decisions.seeds
    standings, policy = ranker.charging(ranker.weights), ranker.policy_of(arm)
    eligible = masks.final().sum(axis=1)
    has_prices = any(each.price for each in standings.values())
    scored = [
        policy.score(decisions.contexts.part(here), ranker.known_by(policy, charged), eligible, seeds[here])
        for charged in (Charged.CLICKS, Charged.NOTHING, Charged.PRICES)[: 2 + has_prices]
    ]
    offsets = offsets_of(ranker.catalogue.activities, standings if policy.contextual else {})
    form = ListForm(order.shape[1], 0.0, ranker.offers.rules)
    places = np.array(ranker.attributing.examination_discount[: order.shape[1]])
    means = [each.mean for each in scored]
    sample = Sample(means[1], means[-1], means[0], offsets, masks, seeds[here], form, order)
    return sample, 1.0 - places / 100, Bonus(scored[1].bonus, scored[0].bonus if policy.weighs_bonus else None)


class WaitingDecisions:
    """Sampled decisions that wait for others of the same state."""

    def __init__(self) -> None:
        self._waiting: list[SampledDecisions] = []
        self._count = self._heard_ms = 0

    def add(self, decisions: SampledDecisions | None, heard_ms: int) -> list[DayCosts]:
        """Let decisions wait; return what rules cost those that wait no longer.

        `heard_ms` is the newest Kafka timestamp they were made after, 0 for none: no list is of a later day. One that
        is made for an event of a clock that is ahead would push out the oldest day that is kept.
        """
        self._heard_ms = max(self._heard_ms, heard_ms)
        if decisions is None:
            return []
        if self._heard_ms:
            decisions = decisions._replace(as_of_ms=np.minimum(decisions.as_of_ms, self._heard_ms))
        others = self._waiting and self._waiting[0].ranker is not decisions.ranker
        found = self.costs() if others else []
        self._waiting.append(decisions)
        self._count += decisions.seeds.size
        return [*found, *self.costs()] if self._count >= ENOUGH else found

    def costs(self) -> list[DayCosts]:
        """Return what rules cost all that wait; then none does. To be asked before the state they share changes."""
        waiting, self._waiting, self._count = self._waiting, [], 0
        return costs_of_rules(_together(waiting)) if waiting else []


def _together(parts: list[SampledDecisions]) -> SampledDecisions:
    pairs = [each.contexts.pairs for each in parts if each.contexts.pairs is not None]
    ruled, capped = (np.concatenate([part.masks[at] for part in parts]) for at in (0, 1))
    return SampledDecisions(
        parts[0].ranker,
        np.concatenate([each.arms for each in parts]),
        Contexts(np.concatenate([each.contexts.x for each in parts]), np.concatenate(pairs) if pairs else None),
        Masks(ruled, ruled if np.array_equal(ruled, capped) else capped, parts[0].masks.stopped),
        np.concatenate([each.seeds for each in parts]),
        np.concatenate([each.as_of_ms for each in parts]),
        np.concatenate([each.order for each in parts]),
    )
