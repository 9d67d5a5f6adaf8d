"""A little world and a place for lists in memory."""

from collections.abc import Sequence

import numpy as np
import pytest

from tideline.models.prepare.completejourney import Columns
from tideline.models.prepare.journey_activities import Offer
from tideline.scripts.simulation.lists import NO_STOPS, Stops
from tideline.scripts.simulation.response import Clicks
from tideline.scripts.simulation.world import Slice, World
from tideline.udfs.core.catalogue.activity import Activity

HOUR_MS = 3_600_000
START_MS = 1_510_000_000_000


class MemoryLists:
    """Lists by user."""

    def __init__(self) -> None:
        self.by_user: dict[str, bytes] = {}
        self.popular_list: bytes | None = None
        self.told = NO_STOPS

    def read(self, users: Sequence[str]) -> list[bytes | None]:
        """Return the payloads in the order of the users."""
        return [self.by_user.get(user) for user in users]

    def popular(self) -> bytes | None:
        """Return the payload for users without a list."""
        return self.popular_list

    def stops(self) -> Stops:
        """Return what the stop list says."""
        return self.told


def offer(name: str, starts_ms: int, ends_ms: int) -> Offer:
    return Offer(Activity(name, "coupon", name, starts_ms, ends_ms, categories=(name,)), 1, "A", name)


@pytest.fixture
def world() -> World:
    """Four households, the last of them in the holdout; eight running offers and one that is over."""
    offers = [offer(f"c1-{letter}", START_MS - HOUR_MS, START_MS + 100 * HOUR_MS) for letter in "abcdefgh"]
    offers.append(offer("c1-over", START_MS - 9 * HOUR_MS, START_MS - 8 * HOUR_MS))
    none = np.zeros(0, np.int64)
    columns = Columns(none, none, none, none.astype(np.int32), none.astype(np.uint8), none, none * 1.0, none, ())
    return World(
        columns=columns,
        offers=offers,
        users=["11", "12", "13", "14"],
        holdout=np.array([False, False, False, True]),
        share=np.full((4, 9), 0.1),
        clicks=Clicks(np.full((4, 9), 0.5), np.full((4, 9), 0.5), 4.0),
        line_dollars=np.full(9, 2.5),
        past=slice(0, 0),
        slices=[Slice(START_MS, START_MS + HOUR_MS, slice(0, 0), ())],
    )


@pytest.fixture
def lists() -> MemoryLists:
    """No list yet."""
    return MemoryLists()
