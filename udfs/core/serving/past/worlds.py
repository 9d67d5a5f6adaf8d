"""What a ranker was at each moment of the past, as far as its topics still tell: activities and orders of their time.

A record of the clickstream is worked off with the world as it was when the broker took it, as the live job did. Its
own topics' times cut a batch into parts that are the same however the records came together, so batches leave no trace.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.catalogue.activity import decode_activity
from tideline.udfs.core.control.control import (
    Audience,
    SetExamination,
    SetExperiment,
    SetWeights,
    decode_for,
)
from tideline.udfs.core.ranking.sort_keys import MAX_ACTIVITIES
from tideline.udfs.core.serving.batches.outcome import joined
from tideline.udfs.core.serving.batches.turns import Chain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.serving.batches.outcome import Outcome, Records
    from tideline.udfs.core.serving.past.changes import Changes
    from tideline.udfs.core.serving.ranker_state import RankerCommand, RankerState

    Load = Callable[[list[str]], list[bytes | None]]
    Work = Callable[[Records, Load, RankerState], Outcome]

_AT_HAND = 8
"""Worlds that are held: those that a batch needs lie next to each other."""
_OF_ITS_TIME = (SetWeights, SetExperiment, SetExamination)
"""Orders that hold from when they were given. Encoder, pin and generation are those of the job over the past."""
_ALWAYS_MS = 0
_FROM_MS = itemgetter(0)


class _Told(NamedTuple):
    """How many changes and orders are taken in, the state that the orders led to, the activities as they are then."""

    changes: int
    orders: int
    state: RankerState
    known: Mapping[str, Activity]


class Worlds:
    """Gives a ranker's state as of any moment."""

    def __init__(self, start: RankerState, now: RankerState, activities: Changes, orders: Changes) -> None:
        """`start` knows neither activities nor orders; `now` has the policy, the encoder and the generation of all."""
        self._now = now
        self._activities = _activities(activities)
        self._orders = _orders(orders)
        moments = {at_ms for at_ms, *_ in self._activities} | {at_ms for at_ms, *_ in self._orders}
        self._moments = sorted({_ALWAYS_MS, *moments})
        self._of = lru_cache(_AT_HAND)(self._made)
        self._told = {-1: _Told(0, 0, start, {})}
        """Of the worlds made last, and of none: where to go on from."""

    def at(self, ms: int) -> RankerState:
        """Return the state at a moment."""
        return self._of(self._number(ms))

    def last(self) -> RankerState:
        """Return the state that nothing changes any more."""
        return self._of(len(self._moments) - 1)

    def through(self, records: Records, load: Load, work: Work, in_last: Work | None = None) -> Outcome:
        """Return what records lead to, each worked off with the state of its time, in the order of the times.

        By `in_last`, where it is given, with the state that nothing changes any more.
        """
        works = [work] * (len(self._moments) - 1) + [in_last or work]
        by_number: dict[int, list[int]] = {}
        for at, ms in enumerate(records.timestamps_ms):
            by_number.setdefault(self._number(ms), []).append(at)
        if len(by_number) == 1:
            return works[min(by_number)](records, load, self._of(*by_number))
        chain = Chain(load)
        for number, numbers in sorted(by_number.items()):
            chain.add(works[number](records.part(numbers), chain.latest, self._of(number)), numbers)
        return joined(chain.outcomes)

    def _number(self, ms: int) -> int:
        return max(bisect_right(self._moments, ms) - 1, 0)

    def _made(self, number: int) -> RankerState:
        told = self._up_to(number)
        now = self._now
        state = replace(told.state, encoder=now.encoder, generation=now.generation, erasures=now.erasures)
        return state.with_tables(now.tables).with_activities(told.known)

    def _up_to(self, number: int) -> _Told:
        """Return what was told up to a moment: partitions are read side by side, so it may be an earlier one again."""
        at_ms = self._moments[number]
        before = self._told[max(each for each in self._told if each <= number)]
        state, known = before.state, dict(before.known)
        orders = bisect_right(self._orders, at_ms, key=_FROM_MS)
        for _, command, issued_ms in self._orders[before.orders : orders]:
            state = state.after(command, issued_ms)
        changes = bisect_right(self._activities, at_ms, key=_FROM_MS)
        for _, name, activity in self._activities[before.changes : changes]:
            if activity is None:
                known.pop(name, None)
            elif name in known or len(known) < MAX_ACTIVITIES:
                known[name] = activity
        self._told[number] = found = _Told(changes, orders, state, known)
        for oldest in [each for each in self._told if each >= 0][:-_AT_HAND]:
            del self._told[oldest]
        return found


def _activities(changes: Changes) -> list[tuple[int, str, Activity | None]]:
    """Return what each record that can be read says; what may have been there before counts as its oldest record."""
    found: list[tuple[int, str, Activity | None]] = []
    first: set[bytes] = set()
    for from_ms, key, value in changes.told:
        try:
            activity = decode_activity(key, value)
        except InvalidRecord:
            continue
        at_ms = _ALWAYS_MS if key in changes.unsure and key not in first and activity is not None else from_ms
        first.add(key)
        found.append((at_ms, key.decode(errors="replace"), activity))
    return sorted(found, key=lambda each: each[0])


def _orders(changes: Changes) -> list[tuple[int, RankerCommand, int]]:
    """Return from when on each order holds, the order, and when it was given."""
    found: list[tuple[int, RankerCommand, int]] = []
    for from_ms, _, value in changes.told:
        try:
            control = decode_for(Audience.RANKERS, value)
        except InvalidRecord:
            continue
        if control is not None and isinstance(control.command, _OF_ITS_TIME):
            found.append((from_ms, control.command, control.issued_ms))
    return found
