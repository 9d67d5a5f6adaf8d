"""The learner's door: feedback that cannot be right is set aside with its reason, the rest is added.

What is known of an activity stays what impressions can have made of it, whatever comes: no count below zero, a design
matrix without negative directions, numbers that fit. So a row is always solved.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.fields import is_identifier
from tideline.udfs.core.context import DIM
from tideline.udfs.core.lags import LAG_CODES
from tideline.udfs.core.learning.learning import IMPRESSION_UNIT, add, forget, without_nothing
from tideline.udfs.core.policies.policy_table import UPPER
from tideline.udfs.core.rewards.feedback import TAKEN_BACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.learning import Decay

FIRST_MS, LAST_MS = 978_307_200_000, 4_102_444_800_000
"""Times of feedback that are believed: from 2001 to 2099."""
MAX_MILLI = 10**13
"""Largest worth in one row, ten thousand million units."""
_MAX_HELD = 2.0**57
"""Largest moment that one bucket may hold of one activity: many of them fit a sum of 64 bits."""
_COUNTS = ("impressions", "clicks", "conversions", "dismissals")
_LOSS = 1e-9


class Refusal(StrEnum):
    """Why a row of feedback was set aside; the counter `feedback_refused_NAME` counts it."""

    meaning: str

    def __new__(cls, label: str, meaning: str = "") -> Refusal:
        """Make a member whose value is `label` alone."""
        member = str.__new__(cls, label)
        member._value_ = label
        member.meaning = meaning
        return member

    BAD_ID = "bad_id", "Its activity_id is none that an activity can have."
    BAD_TIME = "bad_time", "Its impression was before 2001 or after 2099."
    BAD_NUMBER = "bad_number", "Its worth is over ten thousand million units, or its place or lag is none there is."
    FORGOTTEN = "forgotten", "Its impression is older than all that is kept."
    BELOW_ZERO = "below_zero", "It takes back what was never counted."
    OVERFLOW = "overflow", "What it adds to is full."


class Admitted(NamedTuple):
    """Rows that can be right, the newest bucket with them, and how many were set aside by reason."""

    rows: NDArray[Any]
    newest: int
    refused: Counter[Refusal]


class Added(NamedTuple):
    """Sums with what could be added, the rows it was, and how many were set aside by reason."""

    sums: NDArray[Any]
    rows: NDArray[Any]
    refused: Counter[Refusal]


def admit(ids: Sequence[str], rows: NDArray[Any], decay: Decay, newest: int | None) -> Admitted:
    """Return the rows (dtype ROWS) that can be right by themselves; `newest` is the newest bucket until now."""
    refused: Counter[Refusal] = Counter()

    def keep(those: NDArray[np.bool_], reason: Refusal) -> None:
        nonlocal rows
        if not those.all():
            refused[reason] += int(rows.size - np.count_nonzero(those))
            rows = rows[those]

    keep(np.array([is_identifier(name) for name in ids], np.bool_)[rows["activity"]], Refusal.BAD_ID)
    keep((rows["ts_ms"] >= FIRST_MS) & (rows["ts_ms"] < LAST_MS), Refusal.BAD_TIME)
    worth, lag = rows["revenue_milli"], np.maximum(rows["lag"], rows["lag_before"])
    possible = (worth >= -MAX_MILLI) & (worth <= MAX_MILLI) & (rows["examination_discount"] <= IMPRESSION_UNIT)
    keep(possible & (lag < LAG_CODES), Refusal.BAD_NUMBER)
    places = decay.bucket_of(rows["ts_ms"].astype(np.int64))
    known = [] if newest is None else [newest]
    newest = max([*known, *([int(places.max())] if places.size else [])], default=0)
    if decay.half_life_ms:
        keep(places > decay.gone(newest), Refusal.FORGOTTEN)
    return Admitted(rows, newest, +refused)


def take(sums: NDArray[Any], rows: NDArray[Any], decay: Decay, newest: int) -> Added:
    """Return the sums of one activity and encoder with its admitted rows, but those that cannot be right with it.

    Where a bucket would come to less than nothing, what takes back waits behind what gives, and the rest is refused.
    """
    refused: Counter[Refusal] = Counter()
    held = np.cumsum(np.abs(rows["revenue_milli"].astype(np.float64)) * 127.0) <= _MAX_HELD
    refused[Refusal.OVERFLOW] += int(rows.size - np.count_nonzero(held))
    rows = rows[held]
    found = forget(add(sums, rows, decay, newest), decay, newest)
    places = np.unique(decay.bucket_of(rows["ts_ms"].astype(np.int64), newest))
    bad = _unsound(found[np.isin(found["bucket"], places)], (rows["impressions"] < 0).any())
    if bad.size:
        rows, found = _one_by_one(forget(sums, decay, newest), rows, bad, decay, newest, refused)
    if (rows["unlearned"] == TAKEN_BACK).any():
        found = without_nothing(found)
    return Added(found, rows, +refused)


def may_be_wrong(rows: NDArray[Any], first: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each group of rows, of which the first ones are named, whether it has to be taken in with `take`."""
    if not first.size:
        return np.zeros(0, np.bool_)
    takes = np.min([rows[name] for name in _COUNTS], axis=0) < 0
    return np.logical_or.reduceat(takes | (rows["revenue_milli"] != 0), first)


def _one_by_one(
    sums: NDArray[Any],
    rows: NDArray[Any],
    bad: NDArray[np.int64],
    decay: Decay,
    newest: int,
    refused: Counter[Refusal],
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the rows that can be added, and the sums with them; those into a bad bucket are tried in turn."""
    takes = np.min([rows[name] for name in _COUNTS], axis=0) < 0
    places = decay.bucket_of(rows["ts_ms"].astype(np.int64), newest)
    doubtful = np.isin(places, bad)
    gives = np.flatnonzero(~doubtful)
    found, kept = add(sums, rows[gives], decay, newest), gives.tolist()
    for at in np.flatnonzero(doubtful)[np.argsort(takes[doubtful], kind="stable")].tolist():
        row = rows[at : at + 1]
        tried = add(found, row, decay, newest)
        here = tried["bucket"] == places[at]
        if not _unsound(tried[here], row["impressions"][0] < 0).size:
            found = tried
            kept.append(at)
        else:
            refused[Refusal.BELOW_ZERO if takes[at] else Refusal.OVERFLOW] += 1
    return rows[np.sort(np.array(kept, np.int64))], found


def _unsound(sums: NDArray[Any], taken: np.bool_) -> NDArray[np.int64]:
    """Return the buckets that impressions cannot have made; `taken`: some were taken back, in any context."""
    counts = np.column_stack([sums["impressions"], sums["dismissals"], sums["rewards"][:, :2]])
    sound = (counts >= 0).all(axis=1)
    sound &= np.abs(sums["rx"].astype(np.float64)).max(axis=(1, 2), initial=0.0) <= _MAX_HELD
    if taken and sums.size:
        design = np.zeros((sums.size, DIM, DIM))
        design[:, UPPER[0], UPPER[1]] = design[:, UPPER[1], UPPER[0]] = sums["xx"]
        size = np.trace(design, axis1=1, axis2=2)
        sound &= np.linalg.eigvalsh(design)[:, 0] >= -_LOSS * size
    found: NDArray[np.int64] = sums["bucket"][~sound]
    return found
