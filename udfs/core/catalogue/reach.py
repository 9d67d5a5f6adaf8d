"""What a valid activity says that nobody can be shown it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.catalogue.eligibility.rule_form import Between, Clause, Literal, OnClock, Past
from tideline.udfs.core.catalogue.eligibility.rules import clauses_of_activity
from tideline.udfs.core.catalogue.opening import next_open
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.limits import LEAST_CONVERSIONS
from tideline.udfs.core.local_time import HOUR, WEEK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.users.features import Vocabulary


class Unreachable(StrEnum):
    """Why nobody can be shown an activity; the text is the metric's label, `meaning` is for people."""

    meaning: str

    def __new__(cls, label: str, meaning: str = "") -> Unreachable:
        """Make a member whose value is `label` alone."""
        member = str.__new__(cls, label)
        member._value_ = label
        member.meaning = meaning
        return member

    OVER = "over", "its window was over when it was written"
    UNKNOWN_CATEGORY = "unknown_category", "its rule asks for categories that no event had when the encoder was trained"
    CONTRADICTION = "contradiction", "clauses of its rule cannot hold together"
    NO_HOURS = "no_hours", "none of its hours lies between starts_ms and ends_ms"
    NO_ROOM = "no_room", "its budget or stock has no room for one conversion, what others may spend meanwhile kept back"
    CLASH = "clash", "another activity, before it by id, has the same 24-bit tag or number: give it another id"


def unreachable(activity: Activity, written_ms: int, known: Vocabulary) -> Unreachable | None:
    """Return why an activity written at a moment reaches nobody, None where it may reach somebody.

    A paused or ended one is meant to reach nobody.
    """
    if activity.status != "active":
        return None
    if activity.ends_ms <= written_ms:
        return Unreachable.OVER
    clauses = clauses_of_activity(activity)
    if known.hashes.size and any(_is_of_no_event(clause, known) for clause in clauses):
        return Unreachable.UNKNOWN_CATEGORY
    if _contradict([literal for clause in clauses if len(clause) == 1 for literal in clause]):
        return Unreachable.CONTRADICTION
    if next_open(activity, activity.starts_ms) is None:
        return Unreachable.NO_HOURS
    has_no_budget = activity.budget is not None and activity.budget <= LEAST_CONVERSIONS * activity.cost
    if has_no_budget or (activity.stock is not None and activity.stock.left <= LEAST_CONVERSIONS):
        return Unreachable.NO_ROOM
    return None


def _is_of_no_event(clause: Clause, known: Vocabulary) -> bool:
    """Return whether a clause asks for nothing but categories that no event had."""
    wanted: list[str] = []
    for predicate, holds in clause:
        if not (holds and isinstance(predicate, Past) and predicate.what == "category"):
            return False
        wanted += predicate.names
    return not np.isin(np.array([hash32(name) for name in wanted], np.uint32), known.hashes).any()


def _contradict(alone: Sequence[Literal]) -> bool:
    """Return whether literals that must all hold cannot: numbers in no range, clocks at no hour, one and its denial."""
    low: dict[str, int] = {}
    high: dict[str, int] = {}
    hours: dict[tuple[str, bool], int] = {}
    for predicate, holds in alone:
        if Literal(predicate, not holds) in alone:
            return True
        if isinstance(predicate, Between) and holds:
            low[predicate.number] = max(low.get(predicate.number, 0), predicate.low)
            high[predicate.number] = min(high.get(predicate.number, predicate.high), predicate.high)
        if isinstance(predicate, OnClock):
            shown = predicate.hours if holds else ~predicate.hours
            clock = (predicate.zone, predicate.fixed)
            hours[clock] = hours.get(clock, (1 << WEEK // HOUR) - 1) & shown
    return any(low[name] > high[name] for name in low) or not all(hours.values())
