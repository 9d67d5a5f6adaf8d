"""The shop of the simulated year: its activities that come and go, its items, and an encoder of plain arithmetic."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from tideline.scripts.benchmarks.year.year_rules import ruled
from tideline.udfs.core.catalogue.activity import Activity, Cap, Rule
from tideline.udfs.core.context import DIM
from tideline.udfs.core.users.features import StepInputs, Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
START_MS = 19_600 * DAY_MS
"""Midnight of the first day; a multiple of 56 days, so that buckets of any half-life used here end with a day."""
CATEGORIES = ("bread", "milk", "tea", "wine", "cheese", "fruit")
ACTIVITIES_A_DAY = 5_000 / 365
_LIFE_DAYS = (10, 30)
KEPT_DAYS = 8
"""An activity is deleted so many days after its end: the attribution window and a day."""


class Change(NamedTuple):
    """What becomes of an activity on a day: new or changed, or, with None, deleted."""

    activity_id: str
    activity: Activity | None


class PlainEncoder:
    """An encoder of additions, products and quotients only: quick, and a row has the same bits in any batch."""

    def __init__(self, version: int, hidden: int = 8) -> None:
        self.version = version
        self.hidden = hidden
        self.provider: Literal["cpu", "cuda"] = "cpu"
        self.vocabulary = Vocabulary.of([], 97, CATEGORIES)
        self._push = np.arange(1, hidden + 1, dtype=np.float32) * np.float32(0.37) * np.float32(version)

    def step(self, inputs: StepInputs, h: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mix the event into h so that order, gaps and every field matter."""
        seen = (inputs.item / 97, inputs.category / 6, inputs.type / 3, inputs.gap, inputs.price, inputs.quantity)
        mixed = np.roll(h, 1, axis=1) * np.float32(0.8)
        for column, each in enumerate(seen):
            push = each[:, None].astype(np.float32) - np.float32(0.3)
            mixed = mixed + push * ((self._push * np.float32(column + 1)) % np.float32(1.7) - np.float32(0.8))
        h_next = mixed / (np.float32(1.0) + np.abs(mixed))
        x = np.tile(h_next, (1, DIM // self.hidden + 1))[:, :DIM] * np.float32(0.18)
        x[:, 0] = np.float32(0.70710678)
        return h_next, x


def calendar(days: int, seed: int) -> dict[int, list[Change]]:
    """Return what changes on each day, from those that run on the first day to the last."""
    random = Random(f"{seed} activities")  # noqa: S311
    changes: dict[int, list[Change]] = {day: [] for day in range(days)}
    longest = _LIFE_DAYS[1]
    count = round((days + longest) * ACTIVITIES_A_DAY)
    for number in range(count):
        day = number * (days + longest) // count - longest
        activity = _activity(number, day, random)
        over = activity.ends_ms // DAY_MS - START_MS // DAY_MS + KEPT_DAYS
        if day < 0 and activity.ends_ms <= START_MS:
            continue
        changes[max(day, 0)].append(Change(activity.activity_id, activity))
        for after, changed in _changed(activity, number, day):
            if 0 <= day + after < days:
                changes[day + after].append(Change(activity.activity_id, changed))
        if over < days:
            changes[over].append(Change(activity.activity_id, None))
    return changes


def _changed(activity: Activity, number: int, day: int) -> list[tuple[int, Activity | None]]:
    """Return what becomes of some activities before their time, and after how many days: each is on lists by then."""
    paused, midnight_ms = replace(activity, status="paused"), START_MS + day * DAY_MS
    changes: dict[int, list[tuple[int, Activity | None]]] = {
        7: [(5, paused)],
        11: [(3, paused), (6, activity)],
        13: [(5, replace(activity, ends_ms=midnight_ms + 5 * DAY_MS))],
        17: [(4, paused), (6, None)],
        19: [(6, None)],
    }
    return changes.get(number % 20, [])


def _activity(number: int, day: int, random: Random) -> Activity:
    """Return an activity; one in six has a cap, one in three names an item, which the next one may share."""
    starts_ms = START_MS + day * DAY_MS
    capped = number % 6 == 1
    cap = Cap(max_shown=random.randrange(1, 5), window_ms=random.randrange(1, 8) * DAY_MS) if capped else None
    activity = Activity(
        activity_id=f"a{number:05d}",
        kind="coupon",
        title=f"Activity {number}",
        starts_ms=starts_ms,
        ends_ms=starts_ms + random.randrange(*_LIFE_DAYS) * DAY_MS + random.randrange(DAY_MS),
        categories=(random.choice(CATEGORIES),),
        items=(f"deal-{number // 2}",) if number % 3 == 0 else (),
        rule=Rule(min_events=random.randrange(1, 20)) if number % 8 == 5 else None,
        cap=cap,
    )
    return ruled(activity, number, random)
