"""The wheel over a day: every user told of once, though events come late and the job dies on the way.

20,000 users did 300,000 things yesterday, which come up to half an hour late, one in 100 up to two days. Each user has
a slot today by the hours of yesterday, and is moved as more of them become known: into a bucket that has fired, he is
told of at once. A bucket fires once no event of before it is expected any more. The job dies and goes on from its last
checkpoint, and tells again of what it told since.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.local_time import DAY
from tideline.udfs.core.push.send_hours import DAY_HOURS, SLOT, choose, clocks_of, day_slots
from tideline.udfs.core.push.wheel import Due, fire, moved

if TYPE_CHECKING:
    from numpy.typing import NDArray

USERS, EVENTS, CRASHES = 20_000, 300_000, 20
_TODAY = 20_000
_LATE = 30
_FAR = 0.01
_CHECKPOINT = 7
_PRIOR = np.full(DAY_HOURS, 1.0 / DAY_HOURS)
_DAY = day_slots(clocks_of((("all", "00:00", "24:00"),), "UTC", ()), _TODAY)


class Yesterday(NamedTuple):
    """Events in the order they come: the minute of that, whose, the hour of the day before in which they happened."""

    comes: NDArray[np.int64]
    user: NDArray[np.int64]
    hour: NDArray[np.int64]


class Shard:
    """What the wheel of a shard keeps, and what it has told."""

    def __init__(self, users: int) -> None:
        """Know of nobody yet."""
        self.names = [f"u{number}" for number in range(users)]
        self.seeds = hashes64(self.names)
        self.counts = np.zeros((users, DAY_HOURS), np.int64)
        self.due: dict[str, int] = {}
        self.told: set[str] = set()
        self.wheel: dict[int, bytes] = {}
        self.fired, self.at, self.entries, self.at_once = 0, 0, 0, 0

    def saved(self) -> Shard:
        """Return all of it as a checkpoint has it."""
        found = Shard.__new__(Shard)
        found.__dict__ = self.__dict__ | {
            "counts": self.counts.copy(),
            "due": dict(self.due),
            "told": set(self.told),
            "wheel": dict(self.wheel),
        }
        return found

    def take(self, users: NDArray[np.int64], hours: NDArray[np.int64]) -> list[Due]:
        """Count events, move whom they move, and return who is due at once."""
        np.add.at(self.counts, (users, hours), 1)
        who = np.unique(users)
        buckets = choose(self.counts[who], _PRIOR, _DAY, self.seeds[who]).bucket
        fresh = {}
        for number, bucket in zip(who.tolist(), buckets.tolist(), strict=True):
            name = self.names[number]
            if name not in self.told and self.due.get(name) != bucket:
                fresh[name] = self.due[name] = bucket
        moves = moved(fresh, self.fired)
        for bucket, data in moves.appended.items():
            self.wheel[bucket] = self.wheel.get(bucket, b"") + data
        self.entries += len(fresh)
        self.at_once += len(moves.at_once)
        return self._tell(moves.at_once)

    def tick(self, minute: int) -> list[Due]:
        """Fire all buckets whose time is over, late events and all, and return who was due."""
        self.fired = (minute - _LATE) // SLOT
        found: list[Due] = []
        for bucket in sorted(each for each in self.wheel if each <= self.fired):
            found += self._tell(fire(bucket, self.wheel.pop(bucket), lambda name: self.due.get(name, 0)))
        return found

    def _tell(self, due: list[Due]) -> list[Due]:
        for each in due:
            self.told.add(each.user_id)
            self.due[each.user_id] = 0
        return due


def measure(users: int = USERS, events: int = EVENTS, crashes: int = CRASHES) -> dict[str, Any]:
    """Return what the wheel told of with and without crashes, and what it costs."""
    random = np.random.default_rng(1)
    happened = np.sort(random.integers(0, DAY, events))
    comes = happened + random.integers(0, np.where(random.random(events) < _FAR, 2 * DAY, _LATE))
    order = np.argsort(comes, kind="stable")
    user = random.integers(0, users, events)
    yesterday = Yesterday((_TODAY - 1) * DAY + comes[order], user[order], happened[order] // 60)
    begun = time.process_time()
    calm, shard = run(yesterday, users, [])
    spent = time.process_time() - begun
    times = sorted(random.integers((_TODAY - 1) * DAY + 60, (_TODAY + 1) * DAY, crashes).tolist())
    rough, _ = run(yesterday, users, times)
    expected = {shard.names[number] for number in np.unique(user).tolist()}
    names = [each.user_id for each in calm]
    say(f"wheel: {len(calm)} told of, with {crashes} crashes {len(rough)}")
    return {
        "told": len(calm),
        "missed": len(expected - set(names)),
        "twice": len(names) - len(set(names)),
        "told_with_crashes": len(rough),
        "other_with_crashes": len(set(rough) ^ set(calm)),
        "at_once": shard.at_once,
        "entries": shard.entries,
        "events": events,
        "bytes_left": sum(map(len, shard.wheel.values())),
        "us_per_event": spent * 1e6 / events,
    }


def run(yesterday: Yesterday, users: int, crashes: list[int]) -> tuple[list[Due], Shard]:
    """Return who was told of, in turn, and the shard at the end of today; it dies at each of some minutes once."""
    shard, told, ahead = Shard(users), [], list(crashes)
    minute = (_TODAY - 1) * DAY
    kept, kept_minute = shard.saved(), minute
    while minute < (_TODAY + 1) * DAY + _LATE + SLOT:
        end = int(np.searchsorted(yesterday.comes, minute, side="right"))
        if end > shard.at:
            told += shard.take(yesterday.user[shard.at : end], yesterday.hour[shard.at : end])
            shard.at = end
        if minute % SLOT == 0:
            told += shard.tick(minute)
        if ahead and minute >= ahead[0]:
            del ahead[0]
            shard, minute = kept.saved(), kept_minute
            continue
        minute += 1
        if minute % _CHECKPOINT == 0:
            kept, kept_minute = shard.saved(), minute
    return told, shard
