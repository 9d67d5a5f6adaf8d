"""Waits until lists have caught up with what was sent, and measures how long each took.

Freshness is the time from the hand-over of a user's newest event to the Kafka client until a read of Redis first
returns a list of his that is as of that event. Redis is read every `POLL_S`, and every few hundred events while a burst
is being sent: waiting behind the burst is part of it, and so are up to ten milliseconds of not looking.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tideline.scripts.simulation.demo_error import DemoError
from tideline.udfs.core.lists.list_version import parse_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.scripts.simulation.lists import Lists

POLL_S = 0.01
PATIENCE_S = 90.0
"""Long enough for a job that restarts from its checkpoint."""


class Watch:
    """What is waited for. Not for several threads; `freshness_ms` may be read by others."""

    def __init__(
        self,
        lists: Lists,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._lists = lists
        self._clock = clock
        self._sleep = sleep
        self._newest_ms: dict[str, int] = {}
        self._pending: dict[str, tuple[int, float]] = {}
        self.freshness_ms: list[float] = []

    def sent(self, user: str, ts_ms: int) -> None:
        """Remember an event that is being sent now.

        One that is not newer than all before it does not change the as-of time of a list: it is not waited for.
        """
        if ts_ms > self._newest_ms.get(user, 0):
            self._newest_ms[user] = ts_ms
            self._pending[user] = (ts_ms, self._clock())

    def wait(self) -> None:
        """Return when each of these users has a list as of his newest event.

        Raises:
            DemoError: for `PATIENCE_S` not one list more came.
        """
        progress_s = self._clock()
        while self._pending:
            if self.look():
                progress_s = self._clock()
            elif self._clock() - progress_s > PATIENCE_S:
                user, (ts_ms, _) = next(iter(self._pending.items()))
                raise DemoError(
                    f"{len(self._pending)} users got no list for {PATIENCE_S:.0f} s, such as user {user} as of {ts_ms}"
                )
            else:
                self._sleep(POLL_S)

    def look(self) -> bool:
        """Read the lists waited for once; return whether any of them came."""
        users = list(self._pending)
        payloads = self._lists.read(users)
        now_s = self._clock()
        before = len(self.freshness_ms)
        for user, payload in zip(users, payloads, strict=True):
            ts_ms, sent_s = self._pending[user]
            if payload is not None and parse_version(payload).as_of_ms >= ts_ms:
                del self._pending[user]
                self.freshness_ms.append((now_s - sent_s) * 1_000)
        return len(self.freshness_ms) > before
