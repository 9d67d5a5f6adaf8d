"""Eligibility rules of all activities at once: what a user must have done to be shown an activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.hashing import hash32

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity, Rule
    from tideline.udfs.core.users.user_state import UserBatch


@dataclass(frozen=True, slots=True)
class Rules:
    """R rules: activity number, least counts [R], and which of C category hashes (rising) each wants, [R, C]."""

    numbers: NDArray[np.int64]
    min_events: NDArray[np.int64]
    min_purchases: NDArray[np.int64]
    categories: NDArray[np.uint32]
    wants: NDArray[np.bool_]


def compile_rules(activities: Sequence[Activity]) -> Rules:
    """Return the rules of the activities that have one; a number is a place in `activities`."""
    found: list[tuple[int, Rule]] = [
        (number, activity.rule) for number, activity in enumerate(activities) if activity.rule is not None
    ]
    hashes = [np.array([hash32(name) for name in rule.any_category], np.uint32) for _, rule in found]
    categories = np.unique(np.concatenate([np.zeros(0, np.uint32), *hashes]))
    return Rules(
        numbers=np.array([number for number, _ in found], np.int64),
        min_events=np.array([rule.min_events for _, rule in found], np.int64),
        min_purchases=np.array([rule.min_purchases for _, rule in found], np.int64),
        categories=categories,
        wants=np.array([np.isin(categories, wanted) for wanted in hashes]).reshape(len(found), categories.size),
    )


def apply_rules(rules: Rules, batch: UserBatch, rows: NDArray[np.int64], mask: NDArray[np.bool_]) -> None:
    """Take out of mask [len(rows), K], in place, the activities whose rule a user does not meet."""
    if not rules.numbers.size:
        return
    header = batch.header
    met = header["accepted"][rows][:, None] >= rules.min_events
    met &= header["purchases"][rows][:, None] >= rules.min_purchases
    if rules.categories.size:
        # Numbers, not truths: numpy multiplies those 15 times as fast, 2 us a user at 20 rules of 30 categories.
        met &= (_held(rules, batch, rows) @ rules.wants.T.astype(np.float32) > 0.0) | ~rules.wants.any(axis=1)
    mask[:, rules.numbers] &= met


def _held(rules: Rules, batch: UserBatch, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return [len(rows), C]: 1 for each of the wanted categories that is in a user's history."""
    past = batch.history["category"][rows]
    place = np.searchsorted(rules.categories, past)
    user, column = np.nonzero(rules.categories.take(place, mode="clip") == past)
    held = np.zeros((rows.size, rules.categories.size), np.float32)
    held[user, place[user, column]] = 1.0
    return held
