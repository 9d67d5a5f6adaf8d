"""Decisions about messages in the ranker: users wait in the wheels of their shards, and timers work off who is due.

A timer of a shard comes every ten seconds of its own phase, more often while many users are due: each works off one
chunk of them, or looks at some of who was there before, some milliseconds, so that no list waits for more. A bucket is
spread over four fifths of its time, or half a minute a chunk: as one chunk a timer of ten seconds, 128 shards told of
320 users a second however few were due, and lists waited. Behind an outage, ten chunks a second are worked off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.lists.list_block import encode_block
from tideline.udfs.core.push.learned.push_feedback import encode_push_rows
from tideline.udfs.core.push.send_hours import SLOT
from tideline.udfs.core.push.wheel import fire, users_in
from tideline.udfs.core.pushing.due import MINUTE_MS
from tideline.udfs.core.pushing.event_clock import IDLE_MS, EventClock
from tideline.udfs.core.pushing.messages import push_offers
from tideline.udfs.core.pushing.moving import heard_parts, moved_users
from tideline.udfs.core.pushing.outcomes import rows_of_deeds
from tideline.udfs.core.pushing.part.push_part import NO_PART
from tideline.udfs.core.pushing.points import DuePoints, decide_points, push_settings
from tideline.udfs.operators.part_row import part_row
from tideline.udfs.operators.pushing.push_wheel import PushWheel
from tideline.udfs.operators.pushing.silent_users import SilentUsers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from pyflink.common import Row
    from pyflink.datastream.functions import RuntimeContext

    from tideline.schemas.events import Event
    from tideline.udfs.core.push.learned.push_settings import PushSettings
    from tideline.udfs.core.pushing.messages import PushOffers
    from tideline.udfs.core.pushing.points import DecidedPoints
    from tideline.udfs.core.serving.batches.outcome import Outcome
    from tideline.udfs.core.serving.offers.offers import Offers
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.operators.kept.batch_users import BatchUsers
    from tideline.udfs.operators.kept.shard_keys import ShardKeys
    from tideline.udfs.operators.metrics import Meters
    from tideline.udfs.operators.pushing.push_wheel import Chunk

_CALM_MS, _GOING_MS, _BUSY_MS = 10_000, 1_000, 100
_SPREAD_MS, _SPARE_MS = 30_000, 60_000
"""So long at most from one chunk of a bucket to the next, and so long before its end all are told of."""
_APART_MS, _PHASE_MS = 617, 37
"""Of one shard and the next, as openings have it; behind theirs, so that no timer is both."""
_FULL_MINUTE_MS, _DAY_MS = 60_000, 86_400_000


class Pushes:
    """Of the shards of a subtask; without settings nothing is kept, asked or told."""

    def __init__(
        self,
        context: RuntimeContext,
        settings: PushSettings | None,
        shards: ShardKeys,
        users: BatchUsers,
        meters: Meters,
    ) -> None:
        self._shards, self._users, self._meters = shards, users, meters
        self._wheel = None if settings is None else PushWheel(context, shards)
        self._clock = EventClock()
        self._silent = SilentUsers()
        self._awake: set[int] = set()
        self._begun: dict[int, int] = {}
        self._rests_until_ms = 0
        self._pushed: tuple[Offers, PushOffers] | None = None

    def store(
        self, outcome: Outcome, shard_of: Callable[[str], int], ranker: RankerState, record_ms: int, timers: Any
    ) -> bytes:
        """Store what a batch led to, once its users wait for their next points by what it has said of them.

        Who is named by what became of messages alone is loaded and stored on his own. Returns what the learner is told.
        """
        users, wheel = self._users, self._wheel
        if wheel is None:
            users.store(outcome.users, outcome.states, shard_of, timers)
            return b""
        present_ms = timers.current_processing_time()
        now_ms = self._clock.hear(record_ms, present_ms) or present_ms
        states = dict(zip(outcome.users, outcome.states, strict=True))
        rows = self._rows_of_deeds(outcome, ranker)
        due, left = self._taken(states, outcome.push, ranker, now_ms)
        self._await(due, outcome.users, shard_of, timers)
        users.store(outcome.users, outcome.states, shard_of, timers)
        others = sorted({each.user_id for each in outcome.push} - states.keys())
        if others:
            more = {name: state or b"" for name, state in zip(others, users.load(others, shard_of), strict=True)}
            due, more_left = self._taken(more, outcome.push, ranker, now_ms)
            self._await(due, others, shard_of, timers)
            left += more_left
            known = [name for name in others if more[name] or users.parts.of(name) != NO_PART]
            users.store(known, [more[name] for name in known], shard_of, timers)
        return _feedback([*rows, *left])

    def _rows_of_deeds(self, outcome: Outcome, ranker: RankerState) -> list[NDArray[Any]]:
        horizon_ms, parts = push_settings(ranker).horizon_ms, self._users.parts
        found: list[NDArray[Any]] = []
        for user, deeds in outcome.brought.items():
            found += rows_of_deeds(parts.points_of(user), deeds, horizon_ms)
        return found

    def _taken(
        self, states: Mapping[str, bytes], events: Sequence[Event], ranker: RankerState, now_ms: int
    ) -> tuple[dict[str, int], list[NDArray[Any]]]:
        """Hold what is new in the parts of users; return whose bucket is another one now, and rows for the learner."""
        parts = self._users.parts
        mine = [each for each in events if each.user_id in states]
        heard, rows = heard_parts(mine, states, parts.of, ranker)
        for user, part in heard.items():
            parts.put(user, part)
        moved = moved_users(states, parts.when_due, ranker, now_ms)
        for user, bucket in moved.items():
            part = parts.of(user)
            parts.put(user, part._replace(user=part.user._replace(due=bucket)))
        return moved, rows

    def _await(self, due: Mapping[str, int], users: Sequence[str], shard_of: Callable[[str], int], timers: Any) -> None:
        """Append users to their buckets, and see to it that shards have a timer in which anybody waits or is silent.

        Timers of before are gone where pushes were off meanwhile, and who waits since then moves to no other bucket.
        """
        if self._wheel is None:
            return
        by_shard: dict[int, dict[str, int]] = {}
        for user, bucket in due.items():
            by_shard.setdefault(shard_of(user), {})[user] = bucket
        for shard, some in by_shard.items():
            self._wheel.append(shard, some)
        for shard in sorted(set(map(shard_of, users)) - self._awake):
            if self._silent.wants(shard) or self._wheel.waits(shard):
                self._wake(shard, _CALM_MS, timers)

    def is_tick(self, shard: int, timestamp: int) -> bool:
        """Return whether a timer is one of these, left over from when there were pushes or not."""
        return not (timestamp - _phase(shard)) % _BUSY_MS and bool(timestamp % _FULL_MINUTE_MS)

    def work_off(self, shard: int, ranker: RankerState, timers: Any) -> Iterator[Row]:
        """Decide about some users of a shard who are due, and yield what is told of them.

        As long as that took no shard of the subtask does it again: behind an outage all of them have some to work off,
        and lists come in between.
        """
        wheel, present_ms = self._wheel, timers.current_processing_time()
        if wheel is None:
            return
        if present_ms < self._rests_until_ms:
            self._wake(shard, _BUSY_MS, timers)
            return
        now_ms = self._clock.now(present_ms)
        over = now_ms // MINUTE_MS // SLOT
        chunk = None if self._begins(shard, over) else wheel.over(shard, over)
        if chunk is not None:
            # What is told by a job that is behind would be over before any sender reads it, and be taken for sent.
            found = self._decide(shard, chunk, ranker, max(now_ms, present_ms - IDLE_MS), timers)
            wheel.append(shard, found.due)
            wheel.drop(shard, chunk)
            self._meters.add(found.counts)
            if found.records:
                users, records = zip(*found.records, strict=True)
                yield part_row(pushes=encode_block(users, records), feedback=_feedback(found.rows))
        elif now_ms:
            wheel.append(shard, self._taken_in(shard, ranker, now_ms, timers))
        self._rests_until_ms = 2 * timers.current_processing_time() - present_ms
        behind = wheel.over(shard, over - 1) is not None
        left_ms = (over + 1) * SLOT * MINUTE_MS - now_ms
        step_ms = _BUSY_MS if behind else pace_ms(wheel.left(shard, over), left_ms)
        self._wake(shard, min(step_ms, _GOING_MS) if self._silent.is_at(shard) else step_ms, timers)

    def _taken_in(self, shard: int, ranker: RankerState, now_ms: int, timers: Any) -> dict[str, int]:
        """Return the buckets of the next users of a shard who agree to messages and wait for nothing.

        They are as of the next midnight: a restore that comes to them at another hour gives them the same day.
        """
        parts, names = self._users.parts, list(self._silent.part(shard, self._users.names))
        if not names:
            return {}
        known = zip(names, self._users.load(names, lambda _: shard), strict=True)
        idle = {name: state for name, state in known if state is not None and not parts.when_due(name).due}
        due = moved_users(idle, parts.when_due, ranker, (now_ms // _DAY_MS + 1) * _DAY_MS)
        for name, bucket in due.items():
            part = parts.of(name)
            parts.put(name, part._replace(user=part.user._replace(due=bucket)))
        self._users.store(list(due), [idle[name] for name in due], lambda _: shard, timers)
        self._meters.add({"pushes_taken_in": len(due)})
        return due

    def _begins(self, shard: int, over: int) -> bool:
        """Return whether a bucket of a shard has just begun: its first chunk is worked off at the shard's own phase."""
        if self._wheel is None or self._begun.get(shard) == over:
            return False
        self._begun[shard] = over
        return self._wheel.over(shard, over - 1) is None

    def _decide(self, shard: int, chunk: Chunk, ranker: RankerState, now_ms: int, timers: Any) -> DecidedPoints:
        parts, names = self._users.parts, sorted(set(users_in(chunk.held)))
        states = dict(zip(names, self._users.load(names, lambda _: shard), strict=True))
        due = [each.user_id for each in fire(chunk.bucket, chunk.held, lambda name: parts.when_due(name).due)]
        points = DuePoints(due, [states[name] for name in due], [parts.of(name) for name in due])
        found = decide_points(points, ranker, self._pushed_of(ranker), now_ms)
        for name, part in zip(due, found.parts, strict=True):
            parts.put(name, part)
        self._users.store(due, found.states, lambda _: shard, timers)
        return found

    def _pushed_of(self, ranker: RankerState) -> PushOffers:
        if self._pushed is None or self._pushed[0] is not ranker.offers:
            self._pushed = ranker.offers, push_offers(ranker.offers, push_settings(ranker))
        return self._pushed[1]

    def _wake(self, shard: int, step_ms: int, timers: Any) -> None:
        """At the same part of each step, so that one left from before a restart and a new one are the same."""
        self._awake.add(shard)
        now_ms = timers.current_processing_time()
        at_ms = now_ms - (now_ms - _phase(shard)) % step_ms + step_ms
        self._shards.at(shard)
        timers.register_processing_time_timer(at_ms if at_ms % _FULL_MINUTE_MS else at_ms + _BUSY_MS)


def pace_ms(chunks: int, left_ms: int) -> int:
    """Return how long a shard waits before the next of so many chunks of a bucket that takes `left_ms` more.

    Evenly, and all before the last minute: lists wait less for them spread over the time than for many at once.

    >>> [pace_ms(*each) for each in ((0, 300_000), (8, 300_000), (60, 300_000), (60, 180_000), (10_000, 300_000))]
    [10000, 30000, 4000, 2000, 100]
    >>> [pace_ms(1, left_ms) for left_ms in (300_000, 75_000, 60_000)]
    [30000, 15000, 100]
    """
    if not chunks:
        return _CALM_MS
    return min(max((left_ms - _SPARE_MS) // chunks // _BUSY_MS * _BUSY_MS, _BUSY_MS), _SPREAD_MS)


def _feedback(rows: Sequence[NDArray[Any]]) -> bytes:
    return encode_push_rows(np.concatenate(rows)) if rows else b""


def _phase(shard: int) -> int:
    return shard * _APART_MS + _PHASE_MS
