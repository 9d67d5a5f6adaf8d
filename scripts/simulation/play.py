"""Plays the world: slice by slice of simulated time, as fast as the job keeps up.

What was really bought and browsed in a slice goes to Kafka; when every list is as of the last of it, the visitors of
the slice read their lists, and what they do goes to Kafka together with the next slice. So the job is never behind by
more than a slice. What visitors click is learned while they go on, and four times a day the play waits until it is: how
much was learned by then, and so how good the lists are and how far a budget is overdrawn before readers know that it is
spent, is not a matter of how fast the machine is.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from tideline.models.prepare.completejourney import events_of
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, Event
from tideline.scripts.simulation.frontend import Frontend, Shown
from tideline.scripts.simulation.tally import Tally
from tideline.scripts.simulation.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.scripts.simulation.lists import Served
    from tideline.scripts.simulation.world import World

LIMIT_S = 110.0
"""On a slow machine the demo ends after this long, before the end of the period."""

_LOOK_EVERY = 200
_LOOK_AGAIN_S = 0.1
_LEARNED_WITHIN_S = 20.0
"""After a restart of the job its counters cannot tell: then the play goes on."""
_LEARNED_EVERY_MS = 6 * 3_600_000


class Sender(Protocol):
    """Where events go."""

    def send(self, event: Event) -> None:
        """Send one event."""

    def flush(self) -> None:
        """Return when all are delivered."""


class Play:
    """One run. Its attributes may be read by other threads meanwhile."""

    def __init__(
        self,
        world: World,
        sender: Sender,
        lists: Served,
        seed: int,
        is_learned: Callable[[], bool],
        limit_s: float = LIMIT_S,
    ) -> None:
        """`is_learned` tells whether everything that lists have earned by now is in the policy."""
        self._is_learned = is_learned
        self._limit_s = limit_s
        self._world = world
        self._sender = sender
        self._frontend = Frontend(world, lists, seed)
        self.watch = Watch(lists)
        self.tally = Tally(world.holdout, len(world.slices))
        self.shown: list[Shown] = []
        """Every visit that found a list, in order."""
        self.events = 0
        """Sent so far."""
        self.slices_played = 0
        self.seconds = 0.0
        """How long `run` took."""

    @property
    def now_ms(self) -> int:
        """Simulated time."""
        return self._world.slices[min(self.slices_played, len(self._world.slices) - 1)].start_ms

    def run(self) -> None:
        """Play to the end of the period or of `limit_s`, and until every list is as of the last event.

        Raises:
            DemoError: lists stopped coming, or Kafka takes nothing.
        """
        started_s = time.monotonic()
        for number, part in enumerate(self._world.slices):
            for event in events_of(self._world.columns, part.rows):
                self._send(event)
            self._sender.flush()
            self.watch.wait()
            shown = self._frontend.serve(part.visits)
            self.tally.add(number, shown)
            self.shown += shown
            for visit in shown:
                for event in visit.events:
                    self._send(event)
            self.slices_played = number + 1
            if part.end_ms % _LEARNED_EVERY_MS == 0:
                self._wait_for_the_learner()
            if time.monotonic() - started_s > self._limit_s:
                break
        self._sender.flush()
        self.watch.wait()
        self.seconds = time.monotonic() - started_s

    def _wait_for_the_learner(self) -> None:
        self._sender.flush()
        self.watch.wait()
        until_s = time.monotonic() + _LEARNED_WITHIN_S
        while not self._is_learned() and time.monotonic() < until_s:
            time.sleep(_LOOK_AGAIN_S)

    def _send(self, event: Event) -> None:
        if event.type < FIRST_ACTIVITY_TYPE or event.token is not None:
            self.watch.sent(event.user_id, event.ts_ms)
        self._sender.send(event)
        self.events += 1
        if self.events % _LOOK_EVERY == 0:
            self.watch.look()
