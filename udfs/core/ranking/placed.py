"""A placement over the activities of a catalogue: which it takes, under which rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.ranking.rule_tables import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.ranking.placements import Placement
    from tideline.udfs.core.ranking.rule_tables import RuleTables


class Placed(NamedTuple):
    """A placement for K activities."""

    placement: Placement
    takes: NDArray[np.bool_]
    """[K]"""
    once: NDArray[np.bool_]
    """[K]: what has a cap over its own impressions, which each list would take for free by itself."""
    rules: RuleTables
    salt: int
    """What its draws have beside the deployment's own number: those of no two lists of a user hang together."""

    @property
    def name(self) -> str:
        """Name of the placement."""
        return self.placement.name

    def open(self, mask: NDArray[np.bool_], orders: Mapping[str, NDArray[np.int64]]) -> NDArray[np.bool_]:
        """Return which of the activities that users may be shown [U, K] may be on their lists for it.

        `orders` [U, k] has by name the lists that were made before, -1 where nothing stands. An activity with a cap is
        on one list of a user at a time, so that no cap is broken by a page that shows them all.
        """
        found: NDArray[np.bool_] = mask & self.takes
        has_once = bool((found & self.once).any())
        for name, order in orders.items():
            is_apart = name in self.placement.apart_from
            if is_apart or has_once:
                user, place = np.nonzero((order >= 0) & (is_apart or self.once[order]))
                found[user, order[user, place]] = False
        return found


def placed_of(
    placements: Sequence[Placement],
    activities: Sequence[Activity],
    rules: RuleTables,
    *,
    own_rules: bool = True,
    capped: bool = True,
) -> tuple[Placed, ...]:
    """Return the placements for the activities of a catalogue; `rules` are those of the default list.

    Without `own_rules` these are those of all, without `capped` no cap holds.
    """
    once = np.array([capped and _is_capped(activity) for activity in activities], np.bool_)
    return tuple(
        Placed(
            each,
            np.array([each.takes(activity.kind, activity.group) for activity in activities], np.bool_),
            once,
            rules if each.list_rules is None or not own_rules else compiled(each.list_rules, activities),
            hash64(f"placement {each.number}"),
        )
        for each in placements
    )


def _is_capped(activity: Activity) -> bool:
    return any(cap.of == "activity" and cap.event == "impression" for cap in activity.limits())
