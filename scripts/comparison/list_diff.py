"""What changes if the lists of one namespace took the place of those of another."""

from __future__ import annotations

from array import array
from collections import Counter
from heapq import nsmallest
from math import log2
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.comparison.change_reasons import reasons
from tideline.scripts.comparison.list_distance import kendall_distance, rank_biased_overlap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.scripts.simulation.lists import RankedList

MOST_CHANGED = 10
_QUANTILES = (0.1, 0.5, 0.9)
_AT_ONCE = 10_000
_TENTHS = 10


class Pair(NamedTuple):
    """A user's list as it is and as it would be."""

    user: str
    now: RankedList
    then: RankedList


class _Change(NamedTuple):
    alike: float
    user: str
    now: RankedList
    then: RankedList


def compare(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Return what changed over users who have both lists; each comes once. 24 bytes are kept of each.

    `users`, `changed` (other entries or another order), `moved_on` (of another moment: one of the lists knows later
    events), `overlap` and `kendall`: {mean, quantiles, histogram: how many in each tenth of 0..1} over all of them,
    `activities`: by id {now, then: shown in how many lists, now_weight, then_weight: 1 / log2(1 + place) summed}, those
    that move most first, and `most_changed`: the users whose lists are least alike, with what differs in what the lists
    were made of.
    """
    overlap, kendall = array("d"), array("d")
    changed = moved_on = 0
    now: Counter[tuple[int, str]] = Counter()
    then: Counter[tuple[int, str]] = Counter()
    most: list[_Change] = []
    for pair in pairs:
        one, other = pair.now.activities, pair.then.activities
        now.update(enumerate(one, 1))
        then.update(enumerate(other, 1))
        moved_on += pair.now.as_of_ms != pair.then.as_of_ms
        if one == other:
            overlap.append(1.0)
            kendall.append(0.0)
            continue
        changed += 1
        overlap.append(rank_biased_overlap(one, other))
        kendall.append(kendall_distance(one, other))
        most.append(_Change(overlap[-1], pair.user, pair.now, pair.then))
        if len(most) >= _AT_ONCE:
            most = nsmallest(MOST_CHANGED, most)
    return {
        "users": len(overlap),
        "changed": changed,
        "moved_on": moved_on,
        "overlap": _summary(overlap),
        "kendall": _summary(kendall),
        "activities": _activities(now, then),
        "most_changed": [
            {
                "user": each.user,
                "overlap": each.alike,
                "now": list(each.now.activities),
                "then": list(each.then.activities),
                "reasons": reasons(each.now, each.then),
            }
            for each in nsmallest(MOST_CHANGED, most)
        ],
    }


def _summary(values: array[float]) -> dict[str, Any]:
    if not values:
        return {"mean": None, "quantiles": {}, "histogram": []}
    found = np.sort(values)  # users come in no order, and a sum of floats depends on it
    quantiles = np.quantile(found, _QUANTILES).tolist()
    return {
        "mean": float(found.mean()),
        "quantiles": dict(zip(map(str, _QUANTILES), quantiles, strict=True)),
        "histogram": np.histogram(found, _TENTHS, (0.0, 1.0))[0].tolist(),
    }


def _activities(now: Counter[tuple[int, str]], then: Counter[tuple[int, str]]) -> list[dict[str, Any]]:
    """Of how often each activity stands in each place: whole numbers, so that no order of users can be seen in it."""
    found: dict[str, dict[str, Any]] = {}
    for place, name in sorted(now.keys() | then.keys()):
        none = {"activity_id": name, "now": 0, "then": 0, "now_weight": 0.0, "then_weight": 0.0}
        its = found.setdefault(name, none)
        for key, places in (("now", now), ("then", then)):
            its[key] += places[place, name]
            its[f"{key}_weight"] += places[place, name] / log2(1 + place)
    return sorted(
        found.values(), key=lambda each: (-abs(each["then_weight"] - each["now_weight"]), each["activity_id"])
    )
