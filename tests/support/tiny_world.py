"""A world small enough to count in."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.models.data import Sequences
from tideline.scripts.benchmarks.worlds.value_world import Response, World

CLICK = (0.4, 0.2, 0.0)
"""Of activities about bread, milk and nothing, where it is the same for everybody."""
HOUR_MS = 3_600_000


def tiny_world(users: int = 4, visits: int = 6, click: list[list[float]] | None = None, fatigue: float = 1.0) -> World:
    """Return a world of three activities and two places; users 0, 2, ... buy bread, the others milk, an event an hour.

    Everybody visits `visits` times, a day apart; who has `click` of his own has a row of it.
    """
    events = 5
    chances = np.array(click if click is not None else [CLICK] * users)
    return World(
        events=Sequences(
            starts=np.arange(users + 1) * events,
            names=np.array([f"u{user}" for user in range(users)], object),
            item=np.full(users * events, -1),
            category=np.repeat(np.arange(users) % 2, events),
            type=np.full(users * events, 3, np.uint8),
            ts_ms=np.tile(NOON_MS - np.arange(events, 0, -1) * HOUR_MS, users),
            price=np.zeros(users * events, np.float32),
            quantity=np.zeros(users * events, np.int64),
            item_names=np.empty(0, object),
            category_names=np.array(["bread", "milk"], object),
        ),
        activities=(
            activity("a", categories=("bread",), ends_ms=NOON_MS + 400 * DAY_MS),
            activity("b", categories=("milk",), ends_ms=NOON_MS + 400 * DAY_MS),
            activity("c", categories=(), ends_ms=NOON_MS + 400 * DAY_MS),
        ),
        users=tuple(f"u{user}" for user in range(users)),
        responses=(Response(0, chances, chances / 2, np.ones_like(chances)),),
        visitor=np.tile(np.arange(users), visits),
        visit_ms=np.repeat(NOON_MS + np.arange(visits) * DAY_MS, users),
        looked_at=(1.0, 0.5),
        holdout=0.0,
        seed=1,
        fatigue=fatigue,
    )
