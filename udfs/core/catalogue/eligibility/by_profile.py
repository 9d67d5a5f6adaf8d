"""What profiles of users have to say in who may be shown what: labels, the clocks they live by, opt-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tideline.udfs.core.hashing import activity_hash, hash32
from tideline.udfs.core.profiles.kept_profile import ACTIVITY, GROUP, KIND, KeptProfile, read_kept
from tideline.udfs.core.profiles.profile_record import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.udfs.core.catalogue.eligibility.rule_form import Labelled

Told = Sequence[tuple[int, KeptProfile]]
"""Profiles of those of U users who have one, by their place among them."""


def told_of(profiles: Sequence[bytes], rows: NDArray[np.int64]) -> Told:
    """Return the profiles of the users in some rows of a batch; in a batch without any at next to no cost."""
    if not any(profiles):
        return ()
    return [(place, read_kept(profiles[row])) for place, row in enumerate(rows.tolist()) if profiles[row]]


def own_zones(told: Told) -> dict[str, NDArray[np.int64]]:
    """Return the places of the users whose time zone is known, by zone."""
    found: dict[str, list[int]] = {}
    for place, profile in told:
        if profile.zone is not None:
            found.setdefault(profile.zone, []).append(place)
    return {zone: np.array(places, np.int64) for zone, places in sorted(found.items())}


class Labels(NamedTuple):
    """What n predicates look for in labels: C values of labels, and which of them each predicate takes."""

    place: dict[int, int]
    wants: NDArray[np.float32]
    """[n, C]"""

    @classmethod
    def of(cls, some: Sequence[Labelled]) -> Labels:
        """Compile predicates."""
        keys = [{_key(LABELS.index(each.label), hash32(value)) for value in each.values} for each in some]
        every = sorted(set().union(*keys))
        wants = np.array([[key in mine for key in every] for mine in keys], np.float32).reshape(len(some), len(every))
        return cls({key: place for place, key in enumerate(every)}, wants)

    def answers(self, told: Told, users: int) -> NDArray[np.bool_]:
        """Return [n, U] whose label has one of the values that each predicate takes."""
        held = np.zeros((len(self.place), users), np.float32)
        for user, profile in told:
            for number, value in profile.labels:
                place = self.place.get(_key(number, value))
                if place is not None:
                    held[place, user] = 1.0
        found: NDArray[np.bool_] = self.wants @ held > 0.0
        return found


OptOutNumbers = Mapping[int, NDArray[np.int64]]
"""Numbers of activities by what they are opted out of by."""


def opt_out_numbers(activities: Iterable[tuple[str, str, str | None]]) -> OptOutNumbers:
    """Return the numbers of activities, (id, kind, group), by each thing that a user may opt out of."""
    found: dict[int, list[int]] = {}
    for number, (activity_id, kind, group) in enumerate(activities):
        found.setdefault(_key(ACTIVITY, activity_hash(activity_id)), []).append(number)
        found.setdefault(_key(KIND, hash32(kind)), []).append(number)
        if group is not None:
            found.setdefault(_key(GROUP, hash32(group)), []).append(number)
    return {key: np.array(numbers, np.int64) for key, numbers in found.items()}


def apply_opt_outs(numbers: OptOutNumbers, told: Told, mask: NDArray[np.bool_]) -> None:
    """Take out of mask [U, K], in place, what users opted out of."""
    for user, profile in told:
        for what, name in profile.opt_outs:
            closed = numbers.get(_key(what, name))
            if closed is not None:
                mask[user, closed] = False


def _key(what: int, name: int) -> int:
    return what << 32 | name
