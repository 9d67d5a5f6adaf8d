"""What a ranker was at each moment of the past, as far as its topics still tell: activities and orders of their time.

A record of the clickstream is worked off with the world as it was when the broker took it, as the live job did. Its
own topics' times cut a batch into parts that are the same however the records came together, so batches leave no trace.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

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
    from collections.abc import Callable

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.control.control import Control
    from tideline.udfs.core.serving.batches.outcome import Outcome, Records
    from tideline.udfs.core.serving.past.changes import Changes
    from tideline.udfs.core.serving.ranker_state import RankerState

    Load = Callable[[list[str]], list[bytes | None]]

_AT_HAND = 8
"""Worlds that are held: those that a batch needs lie next to each other."""
_OF_ITS_TIME = (SetWeights, SetExperiment, SetExamination)
"""Orders that hold from when they were given. Encoder, pin and generation are those of the job over the past."""
_ALWAYS_MS = 0


class Worlds:
    """Gives a ranker's state as of any moment."""

    def __init__(self, start: RankerState, now: RankerState, activities: Changes, orders: Changes) -> None:
        """`start` knows neither activities nor orders; `now` has the policy, the encoder and the generation of all."""
        self._start, self._now = start, now
        self._activities = _activities(activities)
        self._orders = _orders(orders)
        moments = {at_ms for at_ms, *_ in self._activities} | {at_ms for at_ms, _ in self._orders}
        self._moments = sorted({_ALWAYS_MS, *moments})
        self._of = lru_cache(_AT_HAND)(self._made)

    def at(self, ms: int) -> RankerState:
        """Return the state at a moment."""
        return self._of(self._number(ms))

    def through(self, records: Records, load: Load, work: Callable[[Records, Load, RankerState], Outcome]) -> Outcome:
        """Return what records lead to, each worked off with the state of its time, in the order of the times."""
        by_number: dict[int, list[int]] = {}
        for at, ms in enumerate(records.timestamps_ms):
            by_number.setdefault(self._number(ms), []).append(at)
        if len(by_number) == 1:
            return work(records, load, self._of(*by_number))
        chain = Chain(load)
        for number, numbers in sorted(by_number.items()):
            chain.add(work(records.part(numbers), chain.latest, self._of(number)), numbers)
        return joined(chain.outcomes)

    def _number(self, ms: int) -> int:
        return max(bisect_right(self._moments, ms) - 1, 0)

    def _made(self, number: int) -> RankerState:
        at_ms, state = self._moments[number], self._start
        for from_ms, order in self._orders:
            if from_ms <= at_ms and isinstance(order.command, _OF_ITS_TIME):
                state = state.after(order.command, order.issued_ms)
        now = self._now
        state = replace(state, encoder=now.encoder, generation=now.generation, erasures=now.erasures)
        known: dict[str, Activity] = {}
        for from_ms, name, activity in self._activities:
            if from_ms > at_ms:
                break
            if activity is None:
                known.pop(name, None)
            elif name in known or len(known) < MAX_ACTIVITIES:
                known[name] = activity
        return state.with_tables(now.tables).with_activities(known)


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


def _orders(changes: Changes) -> list[tuple[int, Control]]:
    found = []
    for from_ms, _, value in changes.told:
        try:
            control = decode_for(Audience.RANKERS, value)
        except InvalidRecord:
            continue
        if control is not None and isinstance(control.command, _OF_ITS_TIME):
            found.append((from_ms, control))
    return found
