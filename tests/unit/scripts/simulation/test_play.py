"""The world played slice by slice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.unit.scripts.simulation.conftest import HOUR_MS, MemoryLists
from tests.unit.scripts.simulation.test_frontend import payload
from tideline.scripts.simulation.play import Play
from tideline.scripts.simulation.visits import Visit
from tideline.scripts.simulation.world import Slice

if TYPE_CHECKING:
    from tideline.schemas.events import Event
    from tideline.scripts.simulation.world import World

MIDNIGHT_MS = 1_510_012_800_000


class Job:
    """Keeps what is sent, has each list as of it at once, and learns when it is asked for the third time."""

    def __init__(self, lists: MemoryLists) -> None:
        self.lists = lists
        self.sent: list[Event] = []
        self.asked_after: list[int] = []

    def send(self, event: Event) -> None:
        """Take one event."""
        self.sent.append(event)
        self.lists.by_user[event.user_id] = payload(["c1-a", "c1-b"], event.ts_ms)

    def flush(self) -> None:
        """Nothing waits."""

    def is_learned(self) -> bool:
        """Say so the third time."""
        self.asked_after.append(len(self.sent))
        return len(self.asked_after) % 3 == 0


def test_four_times_a_day_all_that_was_earned_is_learned_before_the_next_visitor_comes(
    world: World, lists: MemoryLists
) -> None:
    """Contract: how much was learned at a visit does not depend on how fast the learner is."""
    lists.by_user["11"] = payload(["c1-a", "c1-b"], MIDNIGHT_MS - HOUR_MS)
    evening = Slice(MIDNIGHT_MS - HOUR_MS, MIDNIGHT_MS, slice(0, 0), (Visit(0, 0, MIDNIGHT_MS - HOUR_MS + 5),))
    morning = Slice(MIDNIGHT_MS, MIDNIGHT_MS + HOUR_MS, slice(0, 0), (Visit(1, 0, MIDNIGHT_MS + 5),))
    job = Job(lists)
    play = Play(replace(world, slices=[evening, morning]), job, lists, 1, job.is_learned)
    play.run()
    of_the_evening = sum(event.event_id.startswith("v0-") for event in job.sent)
    assert of_the_evening >= 2
    assert job.asked_after == [of_the_evening] * 3
    assert (play.slices_played, len(play.shown)) == (2, 2)
