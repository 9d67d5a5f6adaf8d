"""A shard of pushes in plain steps: what an operator has to do around the functions of the core, and nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.hashing import hash64, hashes64
from tideline.udfs.core.local_time import DAY
from tideline.udfs.core.profiles.kept_profile import KeptProfile
from tideline.udfs.core.push.push_choice import Candidate, Decided, Point, PushTerms, decide_point
from tideline.udfs.core.push.push_user import (
    PushUser,
    placed,
    with_failure,
    with_unsubscribe,
)
from tideline.udfs.core.push.send_hours import SLOT, Clocks, choose, day_slots, expiry, hour_counts
from tideline.udfs.core.push.wheel import Due, fire, in_turn, moved
from tideline.udfs.core.pushing.part.push_part import PushPart, decode_part, encode_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MINUTE_MS = 60_000
DAY_MS = DAY * MINUTE_MS
DISORDER_MS = 30 * MINUTE_MS
CLOCKS = Clocks((("all", "08:00", "21:00"),), ("UTC",))
TERMS = PushTerms(day=1, week=2, price=0, salt=5, known=True)
AGREED = KeptProfile(1, True, True, True, True, "UTC", (), ())
_PRIOR = np.full(24, 1 / 24)
_NEVER_MS = 2**62


class PushEvent(NamedTuple):
    """Something a user does, or is said of him: "visit", "unsubscribe" or "failed" with the id of a push."""

    ts_ms: int
    user_id: str
    what: str = "visit"
    push_id: str = ""


class Told(NamedTuple):
    """What the shard said of a decision point, and when."""

    user_id: str
    at_ms: int
    decided: Decided


class PushShard:
    """Takes events in the order they come, and tells what it decided."""

    def __init__(self, terms: PushTerms = TERMS) -> None:
        """Know of nobody."""
        self.terms = terms
        self.times: dict[str, set[int]] = {}
        self.states: dict[str, bytes] = {}
        self.wheel: dict[int, bytes] = {}
        self.newest_ms, self.fired = 0, 0

    def copy(self) -> PushShard:
        """Return all of it as a checkpoint has it: in bytes."""
        found = PushShard(self.terms)
        found.times = {name: set(each) for name, each in self.times.items()}
        found.states, found.wheel = dict(self.states), dict(self.wheel)
        found.newest_ms, found.fired = self.newest_ms, self.fired
        return found

    def state(self, user_id: str) -> PushUser:
        """Return what is kept of a user."""
        return decode_part(self.states.get(user_id, b"")).user

    def take(self, events: Sequence[PushEvent]) -> list[Told]:
        """Take a batch, and return what was decided as event time went on."""
        for each in events:
            user = self.state(each.user_id)
            if each.what == "unsubscribe":
                user = with_unsubscribe(user, each.ts_ms)
            elif each.what == "failed":
                place = placed(each.user_id, each.push_id)
                user = with_failure(user, *place, each.ts_ms // DAY_MS) if place else user
            else:
                self.times.setdefault(each.user_id, set()).add(each.ts_ms)
            self.states[each.user_id] = encode_part(PushPart(user))
        told = self._move({each.user_id for each in events if each.user_id in self.times})
        self.newest_ms = max(self.newest_ms, *(each.ts_ms for each in events))
        return told + self._tick()

    def _tick(self) -> list[Told]:
        self.fired = max((self.newest_ms - DISORDER_MS) // MINUTE_MS // SLOT, self.fired)
        told: list[Told] = []
        while over := sorted(bucket for bucket in self.wheel if bucket <= self.fired):
            due = [each for at in over for each in fire(at, self.wheel.pop(at), lambda name: self.state(name).due)]
            told += self._decide(due)
        return told

    def _decide(self, due: Sequence[Due]) -> list[Told]:
        """Decide the points of users that are due: as of their bucket, as nothing else is the same in every order."""
        found = []
        ends = np.array([_NEVER_MS])
        expires = {
            each: int(expiry(CLOCKS, np.array([each.bucket]), each.bucket * SLOT * MINUTE_MS, ends)[0]) for each in due
        }
        for each in in_turn(due, expires):
            day = each.bucket * SLOT // DAY
            point = Point(each.user_id, day, expires[each])
            user, decided = decide_point(
                self.state(each.user_id), AGREED, point, candidates_of(each.user_id, day), self.terms
            )
            self.states[each.user_id] = encode_part(PushPart(user._replace(due=0)))
            found.append(Told(each.user_id, each.bucket * SLOT * MINUTE_MS, decided))
        return found + self._move({each.user_id for each in due})

    def _move(self, users: set[str]) -> list[Told]:
        fresh = {}
        for user_id in sorted(users):
            user, times = self.state(user_id), sorted(self.times[user_id])
            day = max(user.day + 1, times[0] // DAY_MS + 1)
            slots = day_slots(CLOCKS, day)
            seed = hashes64([f"{day}{user_id}"])
            bucket = int(choose(hour_counts(np.array([times]), "UTC", slots.begins), _PRIOR, slots, seed).bucket[0])
            if bucket != user.due:
                fresh[user_id] = bucket
                self.states[user_id] = encode_part(PushPart(user._replace(due=bucket)))
        moves = moved(fresh, self.fired)
        for bucket, data in moves.appended.items():
            self.wheel[bucket] = self.wheel.get(bucket, b"") + data
        return self._decide(moves.at_once) if moves.at_once else []


def candidates_of(user_id: str, day: int) -> list[Candidate]:
    """Return what a user may be told of on a day, the same whenever it is asked for."""
    random = np.random.default_rng(hash64(f"{user_id}{day}"))
    worth = random.integers(-(2**20), 2**24, 3).tolist()
    return [Candidate("sale", worth[0], 1), Candidate("bread", worth[1]), Candidate("tea", worth[2], most=1, days=7)]


def ids_of(told: Sequence[Told], *, sent: bool = True) -> list[str]:
    """Return the ids of what was sent, or of all that was drawn."""
    return [each.decided.push_id for each in told if each.decided.push_id and (each.decided.sent or not sent)]


def played(events: Sequence[PushEvent], sizes: Sequence[int], terms: PushTerms = TERMS) -> list[Told]:
    """Return what a shard tells of events in their order, in batches of these sizes in turn."""
    shard, told, at = PushShard(terms), [], 0
    while at < len(events):
        size = sizes[at % len(sizes)]
        told += shard.take(events[at : at + size])
        at += size
    return told


def by_day(told: Sequence[Told]) -> Mapping[tuple[str, int], Decided]:
    """Return what was decided for each user and day."""
    return {(each.user_id, each.at_ms // DAY_MS): each.decided for each in told}
