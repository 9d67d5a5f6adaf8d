"""A user as he was when one of his lists was made, out of his events; and as he would have been without one of them.

It is the core that makes him, from the records of the topics, as the job did. That it is he shows in the context: the
log of decisions has it, byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.codec import decode_event
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import FIRST_ACTIVITY_TYPE
from tideline.udfs.core.catalogue.catalogue import eligible, open_at
from tideline.udfs.core.hashing import hash64, hashes64
from tideline.udfs.core.pairs.pairs_of import pairs_of
from tideline.udfs.core.profiles.kept_profile import NO_PROFILE, keep_record, newest, read_kept
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.renewal.renew import settle
from tideline.udfs.core.users.as_told import as_told
from tideline.udfs.core.users.user_state import decode_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.schemas.events import Event
    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.core.users.user_state import UserBatch

_LOOKED_BACK = 64
"""So many of his records before a list's moment may have come after it."""
_ONE = np.zeros(1, np.int64)


class Heard(NamedTuple):
    """What topics have of a user, each in its order: the clickstream's records and those of profiles."""

    events: Sequence[TopicRecord]
    profiles: Sequence[TopicRecord] = ()


class Seen(NamedTuple):
    """What ranking sees of a user: his context, and by activity what he has to do with it."""

    x: bytes
    pairs: Mapping[str, int]


class Remade(NamedTuple):
    """A user when a list was made.

    Attributes:
        seen: As ranking saw him.
        whole: Whether every update that the list counts was made again, those by what he was shown too.
        may: Which activities he could be shown.
        capped: Which he could not because of caps and dismissals alone.
        not_for_him: Which were open, and their rules, hours or his opt-outs kept them from him.
        without: Of each event that he was ranked by, the newest first, how ranking had seen him had it not been.
    """

    seen: Seen
    whole: bool
    may: frozenset[str]
    capped: frozenset[str]
    not_for_him: frozenset[str]
    without: Sequence[tuple[Event, Seen]]


class UserThen:
    """Makes a user again as he was for each of his lists."""

    def __init__(self, ranker: RankerState, user: str, heard: Heard) -> None:
        """`ranker` has the encoder of the lists, and the activities as they were."""
        self._ranker, self._user, self._heard = ranker, user, heard
        self._events = [_event(each) for each in heard.events]

    def at(self, decision: Mapping[str, Any]) -> Remade | None:
        """Return the user of a decision; None where his records do not lead to its context."""
        end = self._end(decision["as_of_ms"])
        start = max(0, end - _LOOKED_BACK)
        states = [self._state(None, range(start))]
        for number in range(start, end):
            states.append(self._state(states[-1], [number]))
        batch = self._batch(states, decision["as_of_ms"])
        is_his = batch.header["x"].view(np.uint8) == np.frombuffer(decision["x"], np.uint8)
        fitting = np.flatnonzero(is_his.reshape(len(states), -1).all(axis=1))
        if not fitting.size:
            return None
        counted = fitting[batch.header["seq"][fitting] == decision["seq"]]
        place = int((counted if counted.size else fitting)[-1])
        return self._remade(batch, place, start + place, decision["as_of_ms"], whole=counted.size > 0)

    def _end(self, as_of_ms: int) -> int:
        later = (at for at, each in enumerate(self._events) if each is not None and each.ts_ms > as_of_ms)
        return next(later, len(self._events))

    def _remade(self, batch: UserBatch, place: int, end: int, as_of_ms: int, *, whole: bool) -> Remade:
        row, catalogue = np.array([place]), self._ranker.catalogue
        found = eligible(catalogue, batch, row, hashes64([self._user]), _ONE)
        opened = open_at(catalogue, np.array([as_of_ms]))[0]
        mask, uncapped = found.mask[0], found.uncapped[0]
        return Remade(
            self._seen(batch, place),
            whole,
            self._names(mask),
            self._names(uncapped & ~mask),
            self._names(opened & ~uncapped),
            self._without(batch, place, end, as_of_ms),
        )

    def _without(self, batch: UserBatch, place: int, end: int, as_of_ms: int) -> list[tuple[Event, Seen]]:
        held = batch.history["event"][place, batch.history.shape[1] - int(batch.header["n_history"][place]) :]
        ranked_by = set(held.tolist())
        recent: dict[str, Event] = {}
        of: dict[int, str] = {}
        for number, event in enumerate(self._events[:end]):
            if event is not None and event.type < FIRST_ACTIVITY_TYPE and hash64(event.event_id) in ranked_by:
                recent.setdefault(event.event_id, event)
                of[number] = event.event_id
        if not recent:
            return []
        first = min(of)
        before = self._state(None, range(first))
        left = [[number for number in range(first, end) if of.get(number) != name] for name in recent]
        others = self._batch([self._state(before, numbers) for numbers in left], as_of_ms)
        found = [(event, self._seen(others, at)) for at, event in enumerate(recent.values())]
        return sorted(found, key=lambda each: (each[0].ts_ms, each[0].event_id), reverse=True)

    def _state(self, before: bytes | None, numbers: Sequence[int]) -> bytes | None:
        records = [self._heard.events[number] for number in numbers if self._events[number] is not None]
        if not records:
            return before
        keys, values = [each.key for each in records], [each.value for each in records]
        given = Records(keys, values, [each.timestamp_ms for each in records])
        return process(given, lambda users: [before] * len(users), self._ranker, muted=True).states[0]

    def _batch(self, states: Sequence[bytes | None], as_of_ms: int) -> UserBatch:
        """Return users with these states as they are ranked at a moment."""
        batch = decode_states(settle(states, self._ranker), self._ranker.encoder.hidden)
        batch.profiles = [self._profile(as_of_ms)] * len(states)
        return as_told(batch, np.arange(len(states)), as_of_ms)

    def _profile(self, as_of_ms: int) -> bytes:
        kept = NO_PROFILE
        for record in self._heard.profiles:
            try:
                user, told = keep_record(record.key, record.value, record.timestamp_ms)
            except InvalidRecord:
                continue
            if user == self._user and read_kept(told).ts_ms <= as_of_ms:
                kept = newest(kept, told)
        return kept

    def _seen(self, batch: UserBatch, row: int) -> Seen:
        pairs = pairs_of(self._ranker.offers.content, batch, np.array([row]))[0]
        names = [each.activity_id for each in self._ranker.catalogue.activities]
        return Seen(batch.header["x"][row].tobytes(), dict(zip(names, pairs.tolist(), strict=True)))

    def _names(self, which: Any) -> frozenset[str]:
        return frozenset(self._ranker.catalogue.activities[at].activity_id for at in np.flatnonzero(which).tolist())


def _event(record: TopicRecord) -> Event | None:
    try:
        return decode_event(record.key, record.value, record.timestamp_ms)
    except InvalidRecord:
        return None
