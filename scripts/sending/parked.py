"""Records that wait for their turn, by campaign, without a hand that waits with them.

Only the first of each campaign asks for a place, and only while a hand is free; so one campaign's wait is none of
another's, and a place is never taken that is not used at once.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.scripts.sending.delivery import Fate

if TYPE_CHECKING:
    from tideline.scripts.sending.claims import Claims
    from tideline.scripts.sending.held import Held
    from tideline.udfs.core.push.push_record import PushRecord

_ASKED_AGAIN_S = 5.0
"""However long a wait is told to be, so soon it is asked for again: a rate or a clock may have been put right."""


class Rates(NamedTuple):
    """Messages a second that all senders send together; about one activity None for as many."""

    per_s: float
    campaign_per_s: float | None = None


class Waiting(NamedTuple):
    """A record of Kafka, what it says, and what is held of its partition."""

    record: Any
    push: PushRecord
    held: Held


class Parked:
    """What waits, in the order in which it was read; of campaigns that may send, each in its turn."""

    def __init__(self, claims: Claims, rates: Rates) -> None:
        """Begin with nothing."""
        self._claims, self._rates = claims, rates
        self._queues: dict[str, deque[Waiting]] = {}
        self._from_s: dict[str, float] = {}
        self._all_from_s = 0.0
        self._ready: Waiting | None = None
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, waiting: Waiting) -> None:
        """Put one behind the others of its campaign."""
        name = waiting.push.activity_id if self._rates.campaign_per_s else ""
        if name not in self._queues:
            self._queues[name] = deque()
            self._from_s[name] = 0.0
        self._queues[name].append(waiting)
        self._count += 1

    def next_s(self) -> float:
        """Return when there may be a turn, by the monotonic clock; infinity where nothing waits."""
        if self._ready is not None:
            return self._all_from_s
        return max(self._all_from_s, min(self._from_s.values(), default=float("inf")))

    def due(self) -> tuple[Waiting, Fate | None] | None:
        """Return one whose turn it is, its place taken, or one whose id is claimed already, with no place; or None.

        Raises:
            Unavailable: Redis does not answer.
        """
        now_s = time.monotonic()
        if now_s < self._all_from_s:
            return None
        if self._ready is None:
            for name in [each for each, from_s in self._from_s.items() if from_s <= now_s]:
                first = self._queues[name][0]
                if self._claims.receipt(first.push.push_id) is not None:
                    self._count -= 1
                    return self._take(name), Fate.CLAIMED
                wait_s = self._campaign_wait(name)
                if wait_s == 0.0:
                    self._ready = self._take(name)
                    break
                self._from_s[name] = now_s + min(wait_s, _ASKED_AGAIN_S)
        return None if self._ready is None else self._sent(self._ready, now_s)

    def passed(self, now_ms: int) -> list[tuple[Waiting, Fate]]:
        """Return what waits in vain, and let go of it: what is expired by now, or stopped.

        Raises:
            Unavailable: Redis does not answer.
        """
        names = sorted({each.push.activity_id for each in self._all()})
        if not names:
            return []
        stops = {name for name, is_so in zip(names, self._claims.stopped(names), strict=True) if is_so}
        found = []
        for each in self._all():
            if each.push.activity_id in stops:
                found.append((each, Fate.STOPPED))
            elif now_ms >= each.push.expires_ms:
                found.append((each, Fate.EXPIRED))
        if found:
            gone = {id(each) for each, _ in found}
            self._keep([each for each in self._all() if id(each) not in gone])
        return found

    def drop(self, held: Held) -> None:
        """Forget the records of a partition that is somebody else's by now."""
        self._keep([each for each in self._all() if each.held is not held])

    def _all(self) -> list[Waiting]:
        ready = [] if self._ready is None else [self._ready]
        return ready + [each for queue in self._queues.values() for each in queue]

    def _keep(self, kept: list[Waiting]) -> None:
        from_s, ready = self._from_s, self._ready
        self._queues, self._from_s, self._ready, self._count = {}, {}, None, 0
        for each in kept:
            if each is ready:
                self._ready, self._count = each, self._count + 1
            else:
                self.add(each)
        self._from_s.update((name, from_s[name]) for name in self._queues if name in from_s)

    def _campaign_wait(self, name: str) -> float:
        return self._claims.turn(name, 1.0 / self._rates.campaign_per_s) if self._rates.campaign_per_s else 0.0

    def _sent(self, ready: Waiting, now_s: float) -> tuple[Waiting, None] | None:
        wait_s = self._claims.turn(None, 1.0 / self._rates.per_s)
        self._all_from_s = now_s + min(wait_s, _ASKED_AGAIN_S)
        if wait_s > 0.0:
            return None
        self._ready = None
        self._count -= 1
        return ready, None

    def _take(self, name: str) -> Waiting:
        """Take a campaign's first; it stands behind the other campaigns from then on."""
        queue, from_s = self._queues.pop(name), self._from_s.pop(name)
        first = queue.popleft()
        if queue:
            self._queues[name], self._from_s[name] = queue, from_s
        return first
