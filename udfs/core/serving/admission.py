"""Which records of a batch count at all: what is no event, or a robot's, is set aside, the rest parted by its use."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.codec import decode_event
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, FIRST_PUSH_TYPE, TYPE_NAMES, Event, EventType
from tideline.udfs.core.users.rate_guard import MAX_ACTS_PER_S, admit, admit_singles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.users.user_state import UserBatch

_FIRST_PUSH = int(FIRST_PUSH_TYPE)
_NOTHING_TOLD: dict[str, int] = {}
_NO_ROBOTS: list[tuple[int, Event]] = []


class DeadLetter(NamedTuple):
    """A refused record: its place in the batch and why."""

    number: int
    error: InvalidRecord


class Decoded(NamedTuple):
    """Events with their numbers by user, in order of each one's first record; what is none; what is of pushes.

    `push` says what became of messages: it is no act of a user, and neither ranks nor teaches.
    """

    by_user: dict[str, list[tuple[int, Event]]]
    push: list[tuple[int, Event]]
    dead: list[DeadLetter]
    counts: Counter[str]


class Admitted(NamedTuple):
    """Organic events with their users' rows and numbers, what may be rewards by user row; what did not pass the guard.

    `again` are the numbers of those that tell otherwise what another one of the batch told first.
    """

    owners: list[int]
    organic: list[Event]
    numbers: list[int]
    again: list[int]
    attributable: dict[int, list[tuple[int, Event]]]
    dead: list[DeadLetter]
    counts: Counter[str]


class _Passed(NamedTuple):
    """A user's events by time, and the ts_ms of each organic event's first telling if any is two; what did not pass."""

    events: list[tuple[int, Event]]
    told: dict[str, int]
    robots: list[tuple[int, Event]]


def decode_events(
    keys: Sequence[bytes | None], values: Sequence[bytes | None], timestamps_ms: Sequence[int]
) -> Decoded:
    """Return what the records of a batch say; None is where Kafka had no key or value."""
    by_user: dict[str, list[tuple[int, Event]]] = {}
    push: list[tuple[int, Event]] = []
    dead: list[DeadLetter] = []
    kinds = [0] * len(TYPE_NAMES)
    for number, (key, value, ts_ms) in enumerate(zip(keys, values, timestamps_ms, strict=True)):
        try:
            event = decode_event(key, value, ts_ms)
        except InvalidRecord as error:
            dead.append(DeadLetter(number, error))
            continue
        kinds[event.type] += 1
        if event.type >= _FIRST_PUSH:
            push.append((number, event))
            continue
        mine = by_user.get(event.user_id)
        if mine is None:
            by_user[event.user_id] = [(number, event)]
        else:
            mine.append((number, event))
    counts = Counter({f"events_{name}": count for name, count in zip(TYPE_NAMES, kinds, strict=True) if count})
    counts["records"] = len(keys)
    return Decoded(by_user, push, dead, counts)


def set_robots_aside(
    batch: UserBatch,
    by_row: list[list[tuple[int, Event]]],
    activities_of_item: Mapping[str, object],
) -> Admitted:
    """Set the events of robots aside, sort each user's others by time, and part them by what they are for."""
    single = [row for row, events in enumerate(by_row) if len(events) == 1]
    plain = np.zeros(len(by_row), np.bool_)
    plain[single] = admit_singles(batch, np.array(single, np.int64), [by_row[row][0][1] for row in single])

    others = np.flatnonzero(~plain)
    told_of_others = [[event for _, event in by_row[row]] for row in others.tolist()]
    verdicts = iter(admit(batch, others, told_of_others))

    owners, organic, numbers, again, attributable, dead, counts = found = Admitted([], [], [], [], {}, [], Counter())
    for row, (events, is_plain) in enumerate(zip(by_row, plain.tolist(), strict=True)):
        passed, told, robots = (events, _NOTHING_TOLD, _NO_ROBOTS) if is_plain else _passed(events, next(verdicts))
        for number, event in robots:
            detail = f"{TYPE_NAMES[event.type]} within an hour of over {MAX_ACTS_PER_S} acts in one second"
            dead.append(DeadLetter(number, InvalidRecord(Reason.QUARANTINED, detail)))
            counts["quarantined"] += 1
            counts["quarantined_purchase"] += event.type == EventType.PURCHASE
        for numbered in passed:
            number, event = numbered
            if event.type < FIRST_ACTIVITY_TYPE:
                if told and told[event.event_id] != event.ts_ms:
                    again.append(number)
                else:
                    owners.append(row)
                    organic.append(event)
                    numbers.append(number)
                if event.type != EventType.PURCHASE or event.item_id not in activities_of_item:
                    continue
            attributable.setdefault(row, []).append(numbered)
    return found


def _passed(events: list[tuple[int, Event]], verdicts: list[bool]) -> _Passed:
    """Return what the guard lets through of a user's events.

    Robots and first tellings are judged as the events came, so that batching changes neither who is a robot nor which
    telling counts.
    """
    passed, robots = events, _NO_ROBOTS
    if not all(verdicts):
        judged = list(zip(events, verdicts, strict=True))
        passed = [numbered for numbered, admitted in judged if admitted]
        robots = [numbered for numbered, admitted in judged if not admitted]
    tellings = [(event.event_id, event.ts_ms) for _, event in passed if event.type < FIRST_ACTIVITY_TYPE]
    told = dict(reversed(tellings))
    again = len(told) < len(tellings) and len(told) < len(set(tellings))
    return _Passed(sorted(passed, key=_time_of), told if again else _NOTHING_TOLD, robots)


def _time_of(numbered: tuple[int, Event]) -> tuple[int, str]:
    return numbered[1].ts_ms, numbered[1].event_id
