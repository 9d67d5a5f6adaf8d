"""One list as rules are added to it, class by class: what each of these lists is expected to earn.

The first list holds the best of what eligibility leaves, by what is expected of each activity; the last is the list
that was made. So the differences of neighbours add up to what all rules cost. The first one is a maximum over numbers
that are not known exactly and says too much: it is what was expected, not what would have come.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.counter_random import shuffle_keys
from tideline.udfs.core.ranking.filling import fill
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.sort_keys import best, sort_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

MICRO = 1_000_000
"""Worth is counted in millionths."""
_MOST = 1e12
"""No list counts as more millionths: so many lists as a day has fit whole numbers of 64 bits."""


class RuleClass(StrEnum):
    """The classes of rules in the order in which they are added."""

    CAPS = "caps"
    """User caps, and times away after clicks and dismissals."""
    STOPS = "stops"
    """Budgets that are spent."""
    PRICES = "prices"
    """What budgets charge, and what a share of clicks that is to be kept adds to a click."""
    OFFSETS = "offsets"
    """What floors add."""
    LIST_RULES = "list_rules"
    EXPLORATION = "exploration"
    """Bonus, draws and lists in random order."""


class Masks(NamedTuple):
    """What each of S users may be shown [S, K]."""

    ruled: NDArray[np.bool_]
    """By status, window and rules."""
    capped: NDArray[np.bool_]
    """By caps too."""
    stopped: NDArray[np.bool_]
    """Which activities nobody may be shown [K]."""

    @classmethod
    def of(cls, ruled: NDArray[np.bool_], capped: NDArray[np.bool_], stopped: NDArray[np.int64]) -> Masks:
        """Return them with the numbers of what is stopped; where caps take nothing, the two masks are one."""
        away = np.zeros(ruled.shape[1], np.bool_)
        away[stopped] = True
        return cls(ruled, ruled if np.array_equal(ruled, capped) else capped, away)

    def part(self, some: NDArray[np.int64]) -> Masks:
        """Return the masks of some of the users, by their numbers."""
        ruled = self.ruled[some]
        return Masks(ruled, ruled if self.capped is self.ruled else self.capped[some], self.stopped)

    def final(self) -> NDArray[np.bool_]:
        """Return what each may be shown in the end; the very array `capped` where nothing is stopped."""
        return self.capped & ~self.stopped if self.stopped.any() else self.capped


class Sample(NamedTuple):
    """S decisions of one policy: what they were made from, and their lists."""

    mean: NDArray[np.float64]
    """What is expected of each activity [S, K], free of prices and offsets."""
    priced: NDArray[np.float64]
    """The same less what prices take; the very same array where there is none."""
    clicks: NDArray[np.float64]
    """How likely each is to be clicked [S, K]."""
    offset: NDArray[np.float64]
    """What floors add, by activity [K]."""
    masks: Masks
    seeds: NDArray[np.uint64]
    form: ListForm
    order: NDArray[np.int64]
    """The lists that were made, activity numbers [S, k], -1: no more."""

    def part(self, some: NDArray[np.int64]) -> Sample:
        """Return some of the decisions, by their numbers."""
        mean = self.mean[some]
        return Sample(
            mean,
            mean if self.priced is self.mean else self.priced[some],
            self.clicks[some],
            self.offset,
            self.masks.part(some),
            self.seeds[some],
            self.form,
            self.order[some],
        )


class Steps(NamedTuple):
    """Expected worth in millionths."""

    values: NDArray[np.int64]
    """Of the list without rules, and as each class is added [1 + classes, S]."""
    clicks: NDArray[np.int64]
    """Millionths of clicks expected of the same lists [1 + classes, S]."""
    lists: NDArray[np.int64]
    """Those lists [1 + classes, S, k]."""

    @property
    def costs(self) -> NDArray[np.int64]:
        """What each class costs, given those before it [classes, S]."""
        return self.values[:-1] - self.values[1:]

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Which lists each class changes [classes, S]."""
        found: NDArray[np.bool_] = (self.lists[:-1] != self.lists[1:]).any(axis=2)
        return found

    def part(self, some: NDArray[np.int64]) -> Steps:
        """Return some of the decisions, by their numbers."""
        return Steps(self.values[:, some], self.clicks[:, some], self.lists[:, some])


def steps_of(sample: Sample, looked_at: NDArray[np.float64]) -> Steps:
    """Return each decision step by step; a position counts as often as it is looked at [k]."""
    masks, owed = sample.masks, _owed(sample, sample.priced)
    final = masks.final()
    stages = [
        (sample.mean, masks.ruled),
        (sample.mean, masks.capped),
        (sample.mean, final),
        (sample.priced, final),
        (owed, final),
    ]
    free = _without_rules(sample, stages)
    ruled = _ruled(sample, owed, final) if sample.form.rules else free[-1]
    lists = np.concatenate([free, ruled[None], sample.order[None]])
    return Steps(expected(sample.mean, lists, looked_at), expected(sample.clicks, lists, looked_at), lists)


def alone(sample: Sample, steps: Steps, each: RuleClass, looked_at: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return what a class costs where all others stay [S]: more or less than in its place of the order."""
    if each is RuleClass.EXPLORATION:
        last: NDArray[np.int64] = steps.costs[-1]
        return last
    if not _may_matter(sample, each):
        return np.zeros(len(sample.seeds), np.int64)
    masks = sample.masks
    if each is RuleClass.CAPS:
        masks = masks._replace(capped=masks.ruled)
    mask = masks.capped if each is RuleClass.STOPS else masks.final()
    scores = sample.mean if each is RuleClass.PRICES else sample.priced
    if each is not RuleClass.OFFSETS:
        scores = _owed(sample, scores)
    if sample.form.rules and each is not RuleClass.LIST_RULES:
        lists = _ruled(sample, scores, mask)
    else:
        lists = _without_rules(sample, [(scores, mask)])[0]
    found: NDArray[np.int64] = expected(sample.mean, lists[None], looked_at)[0] - steps.values[-2]
    return found


def _may_matter(sample: Sample, each: RuleClass) -> bool:
    """Return whether lists could be others without a class: most deployments have but some, and a list is a sort."""
    masks = sample.masks
    return {
        RuleClass.CAPS: masks.capped is not masks.ruled,
        RuleClass.STOPS: bool(masks.stopped.any()),
        RuleClass.PRICES: sample.priced is not sample.mean,
        RuleClass.OFFSETS: bool(sample.offset.any()),
        RuleClass.LIST_RULES: bool(sample.form.rules),
    }[each]


def _owed(sample: Sample, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return scores + sample.offset if sample.offset.any() else scores


def _without_rules(sample: Sample, stages: list[tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> NDArray[np.int64]:
    """Return the best of each stage's scores in its mask [stages, S, k]; a stage like the one before is not sorted."""
    distinct: list[tuple[NDArray[np.float64], NDArray[np.bool_]]] = []
    place = []
    for scores, mask in stages:
        if not distinct or scores is not distinct[-1][0] or mask is not distinct[-1][1]:
            distinct.append((scores, mask))
        place.append(len(distinct) - 1)
    ties = np.tile(shuffle_keys(sample.seeds), (len(distinct), 1))
    keys = sort_keys(
        np.concatenate([scores for scores, _ in distinct]), np.concatenate([mask for _, mask in distinct]), ties
    )
    found: NDArray[np.int64] = best(keys, sample.order.shape[1], ties).reshape(len(distinct), *sample.order.shape)
    every: NDArray[np.int64] = found[place]
    return every


def _ruled(sample: Sample, scores: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    ties = shuffle_keys(sample.seeds)
    keys = sort_keys(scores.copy(), mask, ties)
    form = ListForm(sample.order.shape[1], 0.0, sample.form.rules)
    return fill(keys, ties, mask.sum(axis=1), sample.seeds, form).order


def expected(mean: NDArray[np.float64], lists: NDArray[np.int64], looked_at: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the expected worth of lists [n, S, k] in millionths [n, S]."""
    each = mean[np.arange(len(mean))[:, None], lists] * (looked_at * MICRO)
    whole = np.where(lists >= 0, np.rint(each), 0.0).sum(axis=2)
    found: NDArray[np.int64] = np.clip(whole, -_MOST, _MOST).astype(np.int64)
    return found
