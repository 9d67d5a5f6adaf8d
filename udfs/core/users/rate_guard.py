"""Robots: who does more in one second than a person can is set aside for an hour of event time.

What counts is what a person does himself: views, searches, additions to a cart, purchases and clicks, each in the
second of its own ts_ms. An impression, a dismissal and a conversion do not count, nor does what is told again: an event
with the same event_id, a click with the same token on the same activity. Lines of a cart or an order within a quarter
of a second are one act: some shops stamp each. So neither tabs nor retries nor a phone that was offline make a robot.

The acts of each of the four seconds that came up last are held as 64 bits, one a hash: telling one again changes
nothing, and an event with a wrong clock takes one place of four. Two acts share a bit at times, so the limit is reached
after 20 acts or a few more, never before. The hour begins with the second in which that happened; what was applied
before stays applied. Who is a robot in another, earlier second is set aside from there on; after the hour he is judged
anew.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from tideline.schemas.events import FIRST_ACTIVITY_TYPE, EventType
from tideline.udfs.core.users.user_state import SECONDS_KEPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.schemas.events import Event
    from tideline.udfs.core.users.user_state import UserBatch

MAX_ACTS_PER_S = 20
QUARANTINE_S = 3_600
_ORDER_MS = 250
"""So long an order may take that is sent line by line, each with a time of its own, and be few acts a second."""
_SPREAD = 0x9E3779B1
"""Odd, so that ids which differ in a digit differ in all six bits."""
_FIRST_OF_AN_ORDER, _CLICK = int(EventType.ADD_TO_CART), int(EventType.CLICK)


def _name_of(event: Event) -> str:
    """Return what tells an act from others of its second, nothing for what is none."""
    kind = event.type
    if kind < _FIRST_OF_AN_ORDER:
        return event.event_id
    if kind < FIRST_ACTIVITY_TYPE:
        return f"{kind}|{event.ts_ms // _ORDER_MS}"
    return f"{event.token}|{event.activity_id}" if kind == _CLICK else ""


def admit_singles(batch: UserBatch, rows: NDArray[np.int64], events: Sequence[Event]) -> NDArray[np.bool_]:
    """Do what `admit` does for users with one event each, as far as that is plain: return whose event is let through.

    Users at the limit or ever set aside are left alone and come out False: ask `admit` about them. 0.5 us a user.
    """
    second, counts, bit = acts_of(events)
    header = batch.header
    held, seen = header["rate_seconds"][rows], header["rate_acts"][rows]
    plain: NDArray[np.bool_] = header["robot_until_s"][rows] == 0
    here = (held == second[:, None]) & (seen != 0)
    known = here.any(axis=1)
    if known.any():  # few act twice in a second
        place = here.argmax(axis=1)
        now = seen[np.arange(rows.size), place] | bit
        plain &= ~known | (np.bitwise_count(now) <= MAX_ACTS_PER_S)
        again = plain & known
        header["rate_acts"][rows[again], place[again]] = now[again]
    new = plain & ~known & counts
    header["rate_seconds"][rows[new]] = np.concatenate([second[new, None], held[new, :-1]], axis=1)
    header["rate_acts"][rows[new]] = np.concatenate([bit[new, None], seen[new, :-1]], axis=1)
    return plain


def acts_of(events: Sequence[Event]) -> tuple[NDArray[np.uint32], NDArray[np.bool_], NDArray[np.uint64]]:
    """Return the second of each event, whether it is an act, and the bit it then has, else 0; 0.3 us each."""
    first = _FIRST_OF_AN_ORDER
    names = [event.event_id if event.type < first else _name_of(event) for event in events]
    second = np.array([event.ts_ms for event in events], np.int64) // 1000 & 0xFFFFFFFF
    counts = np.array([name != "" for name in names], np.bool_)
    place = np.array([crc32(name.encode()) for name in names], np.uint64) * np.uint64(_SPREAD) >> np.uint64(26)
    bit: NDArray[np.uint64] = np.where(counts, np.uint64(1) << (place & np.uint64(63)), np.uint64(0))
    return second.astype(np.uint32), counts, bit


def admit(batch: UserBatch, rows: NDArray[np.int64], events: Sequence[Sequence[Event]]) -> list[list[bool]]:
    """Return which events of each user, in order of arrival, are let through; updates their counters in the batch.

    What is counted is read and written for all of them at once: 2 us a user less than one by one.
    """
    if not rows.size:
        return []
    header = batch.header
    second, _, bit = acts_of([event for mine in events for event in mine])
    acts = iter(list(zip(second.tolist(), bit.tolist(), strict=True)))
    names = ("rate_seconds", "rate_acts", "robot_from_s", "robot_until_s")
    counted = []
    for mine, seconds, bits, from_s, until_s in zip(
        events, *(header[name][rows].tolist() for name in names), strict=True
    ):
        held = list(zip(seconds, bits, strict=True))
        counted.append((held, *_judged(held, from_s, until_s, list(islice(acts, len(mine))))))
    every = [list(zip(*held, strict=True)) for held, *_ in counted]
    header["rate_seconds"][rows] = [seconds for seconds, _ in every]
    header["rate_acts"][rows] = np.array([bits for _, bits in every], np.uint64)
    header["robot_from_s"][rows] = [from_s for _, from_s, _, _ in counted]
    header["robot_until_s"][rows] = [until_s for _, _, until_s, _ in counted]
    return [verdicts for *_, verdicts in counted]


def newcomer_admits(acts: Sequence[tuple[int, int]]) -> list[bool]:
    """Return which acts of one of whom nothing is known, each a second and a bit of `acts_of`, `admit` lets through.

    In order of arrival. Where no second has more than MAX_ACTS_PER_S acts all of them are.

    >>> newcomer_admits([(7, 1 << bit) for bit in range(MAX_ACTS_PER_S + 1)]).count(True) == MAX_ACTS_PER_S
    True
    """
    return _judged([(0, 0)] * SECONDS_KEPT, 0, 0, acts)[2]


def _judged(
    held: list[tuple[int, int]], from_s: int, until_s: int, acts: Sequence[tuple[int, int]]
) -> tuple[int, int, list[bool]]:
    """Note a user's acts, and return from and until when he is a robot, and which of his events are let through."""
    verdicts: list[bool] = []
    for second, bit in acts:
        if bit and not from_s <= second < until_s and _excess(held, second, bit):
            from_s = second
            if second >= until_s:
                until_s = min(second + QUARANTINE_S, 0xFFFFFFFF)
        verdicts.append(not from_s <= second < until_s)
    return from_s, until_s, verdicts


def _excess(held: list[tuple[int, int]], second: int, bit: int) -> bool:
    """Note an act, and say whether its second now has too many; that one is not noted."""
    for place, (other, acts) in enumerate(held):
        if other == second and acts:
            if (acts | bit).bit_count() > MAX_ACTS_PER_S:
                return True
            held[place] = second, acts | bit
            return False
    held.insert(0, (second, bit))
    held.pop()
    return False
