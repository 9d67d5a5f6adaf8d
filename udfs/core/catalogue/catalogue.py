"""The activities as arrays, and who may see which: status, time window, rule, opt-out, per-user cap, dismissal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.eligibility.by_profile import (
    OptOutNumbers,
    apply_opt_outs,
    opt_out_numbers,
    own_zones,
    told_of,
)
from tideline.udfs.core.catalogue.eligibility.hours import Hours
from tideline.udfs.core.catalogue.eligibility.predicates import Asked
from tideline.udfs.core.catalogue.eligibility.rules import Rules, apply_rules, compile_rules
from tideline.udfs.core.catalogue.eligibility.user_caps import Capped, Caps, apply_caps
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.shown.shown_bytes import DISMISSAL, has_marks, marks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.users.user_state import UserBatch

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_FOR_EVER = 1 << 60
_NOBODY = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """K activities in the order of their ids; arrays are [K]. An activity's number is its place here."""

    activities: tuple[Activity, ...]
    quoted: NDArray[np.object_]
    """The ids as lists have them."""
    hashes: NDArray[np.uint32]
    starts_ms: NDArray[np.int64]
    ends_ms: NDArray[np.int64]
    active: NDArray[np.bool_]
    caps: Caps
    after_dismiss_ms: NDArray[np.int64]
    rising_hashes: NDArray[np.uint32]
    number_of_rising: NDArray[np.int64]
    """Number of the activity with each of the rising hashes."""
    rules: Rules
    hours: Hours
    opt_outs: OptOutNumbers
    activities_of_item: dict[str, tuple[str, ...]]
    reward_value: dict[str, float]

    @classmethod
    def of(cls, activities: Iterable[Activity], positions: int = MAX_POSITIONS) -> Catalogue:
        """Build the arrays; ids are unique. All lists of a user have at most so many `positions` together."""
        ordered = tuple(sorted(activities, key=lambda activity: activity.activity_id))
        hashes = np.array([activity_hash(activity.activity_id) for activity in ordered], np.uint32)
        return cls(
            activities=ordered,
            quoted=np.array([f'"{activity.activity_id}"' for activity in ordered], object),
            hashes=hashes,
            starts_ms=np.array([activity.starts_ms for activity in ordered], np.int64),
            ends_ms=np.array([activity.ends_ms for activity in ordered], np.int64),
            active=np.array([activity.status == "active" for activity in ordered], np.bool_),
            caps=Caps.of(
                [Capped(each.activity_id, each.kind, each.group, each.limits()) for each in ordered], positions
            ),
            after_dismiss_ms=np.array(
                [_FOR_EVER if each.after_dismiss_ms is None else each.after_dismiss_ms for each in ordered], np.int64
            ),
            rising_hashes=np.sort(hashes),
            number_of_rising=np.argsort(hashes, kind="stable"),
            rules=compile_rules(ordered),
            hours=Hours.of([(each.time_zone, each.hours) for each in ordered]),
            opt_outs=opt_out_numbers([(each.activity_id, each.kind, each.group) for each in ordered]),
            activities_of_item=_by_item(ordered),
            reward_value={each.activity_id: each.reward_value for each in ordered},
        )


def _by_item(activities: tuple[Activity, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for activity in activities:
        for item in activity.items:
            found.setdefault(item, []).append(activity.activity_id)
    return {item: tuple(ids) for item, ids in found.items()}


def open_at(catalogue: Catalogue, at_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return [U, K]: the activity is active and its time window and its hours hold the moment."""
    return _in_window(catalogue, at_ms) & (catalogue.hours.closing(at_ms // _MINUTE_MS) > 0)


def _in_window(catalogue: Catalogue, at_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Most windows hold all moments of a batch or none: asked of the first and the last, 0.05 us a user and not 0.3."""
    if not at_ms.size:
        return np.zeros((0, catalogue.active.size), np.bool_)
    first, last, moment = at_ms.min(), at_ms.max(), at_ms[:, None]
    whole = catalogue.active & (catalogue.starts_ms <= first) & (last < catalogue.ends_ms)
    found = np.repeat(whole[None], at_ms.size, axis=0)
    part = np.flatnonzero(catalogue.active & ~whole & (catalogue.starts_ms <= last) & (first < catalogue.ends_ms))
    found[:, part] = (catalogue.starts_ms[part] <= moment) & (moment < catalogue.ends_ms[part])
    return found


def open_until(
    catalogue: Catalogue, at_ms: NDArray[np.int64], own: Mapping[str, NDArray[np.int64]] | None = None
) -> NDArray[np.int64] | None:
    """Return [U, K] the minute since the epoch until which what is open may be shown; None where only ends_ms says.

    `own` has the users who live by clocks of their own, by zone.
    """
    if not catalogue.hours.zones:
        return None
    return np.minimum(catalogue.hours.closing(at_ms // _MINUTE_MS, own or {}), catalogue.ends_ms // _MINUTE_MS)


class Eligible(NamedTuple):
    """Who may be shown what."""

    mask: NDArray[np.bool_]
    """[U, K]"""
    caps_full: int
    """How many of the users have no room for marks of further capped activities: those wait, so that no cap breaks."""
    until: NDArray[np.int64] | None
    """[U, K], see open_until."""
    uncapped: NDArray[np.bool_]
    """The mask of some of the users, before caps, dismissals and times away."""


def eligible(
    catalogue: Catalogue,
    batch: UserBatch,
    rows: NDArray[np.int64],
    users: NDArray[np.uint64] | None = None,
    uncapped: NDArray[np.int64] = _NOBODY,
    *,
    capped: bool = True,
) -> Eligible:
    """Return which activities each of the users may be shown, as of his newest event; `users` are hashes of their ids.

    Without hashes nobody is in any part of the users that a rule names. `uncapped` are numbers of users whose mask is
    wanted without caps too; where nobody is `capped` no cap, dismissal or time away holds for anybody.
    """
    at_ms = _moments(catalogue, batch, rows)
    told = told_of(batch.profiles, rows)
    until = open_until(catalogue, at_ms, own_zones(told))
    mask = _in_window(catalogue, at_ms)
    if until is not None:
        mask &= until > 0
    apply_rules(catalogue.rules, Asked(batch, rows, at_ms, users, told), mask)
    apply_opt_outs(catalogue.opt_outs, told, mask)
    before = mask[uncapped]
    if not capped:
        return Eligible(mask, 0, until, before)
    caps_full = _apply_shown(catalogue, at_ms, [batch.shown[row] for row in rows.tolist()], mask)
    return Eligible(mask, caps_full, until, before)


def _moments(catalogue: Catalogue, batch: UserBatch, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the time of each user's newest event, but for a clock far ahead: one after the end of every activity.

    Then it is the newest of his kept events before that end, where there is one: no single clock empties a list.
    """
    at_ms: NDArray[np.int64] = batch.header["as_of_ms"][rows]
    over_ms = catalogue.ends_ms[catalogue.active].max(initial=0)
    late = np.flatnonzero(at_ms >= over_ms)
    if late.size:
        past = batch.history["ts_ms"][rows[late]]
        before = np.where(past < over_ms, past, 0).max(axis=1)
        at_ms[late] = np.where(before > 0, before, at_ms[late])
    return at_ms


def _apply_shown(
    catalogue: Catalogue, as_of_ms: NDArray[np.int64], shown: Sequence[bytes], mask: NDArray[np.bool_]
) -> int:
    """Take out dismissed activities and those whose cap is used up, by the marks of what each user was shown.

    Returns how many users have no room for further ones with a cap; those are taken out too.
    """
    if not catalogue.activities:
        return 0
    marked = [(row, marks_of(each)) for row, each in enumerate(shown) if has_marks(each)]
    if not marked:
        return 0
    rows = np.array([row for row, _ in marked])
    seen, user, number = _dismissed(catalogue, [dismissals for _, (_, dismissals) in marked])
    if seen.size:
        back_ms = (seen["day"].astype(np.int64) + 1) * _DAY_MS + catalogue.after_dismiss_ms[number]
        away = (as_of_ms[rows[user]] < back_ms) | (catalogue.after_dismiss_ms[number] == _FOR_EVER)
        mask[rows[user[away]], number[away]] = False
    allowed = mask[rows]
    full = apply_caps(catalogue.caps, as_of_ms[rows], [(uses, len(dis)) for _, (uses, dis) in marked], allowed)
    mask[rows] = allowed
    return full


def _dismissed(
    catalogue: Catalogue, marks: Sequence[bytes]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Return the dismissals of activities that are in the catalogue, whose each is, and the activity's number."""
    seen: NDArray[Any] = np.frombuffer(b"".join(marks), DISMISSAL)
    if not seen.size:
        return seen, np.zeros(0, np.int64), np.zeros(0, np.int64)
    user = np.repeat(np.arange(len(marks)), [len(each) // DISMISSAL.itemsize for each in marks])
    place = np.searchsorted(catalogue.rising_hashes, seen["activity"])
    number = catalogue.number_of_rising.take(place, mode="clip")
    known = catalogue.hashes[number] == seen["activity"]
    return seen[known], user[known], number[known]
