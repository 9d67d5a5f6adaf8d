"""Batches with an order to erase: what was before it, the order, what comes after, as if they had come one by one.

So it does not matter how records were batched. Other users are processed in one go, as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.schemas.events import EventType
from tideline.udfs.core.serving.batches.outcome import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tideline.schemas.events import Event
    from tideline.udfs.core.serving.batches.outcome import Outcome, Records

    Load = Callable[[list[str]], list[bytes | None]]


def in_turns(
    records: Records,
    by_user: Mapping[str, Sequence[tuple[int, Event]]],
    load: Load,
    process: Callable[[Records, Load], Outcome],
) -> Outcome:
    """Return what records lead to, processed by `process` part by part; an order is a part of its own."""
    states: dict[str, bytes] = {}

    def latest(users: list[str]) -> list[bytes | None]:
        unknown = [user for user in users if user not in states]
        found = dict(zip(unknown, load(unknown), strict=True))
        return [states[user] if user in states else found[user] for user in users]

    outcomes = []
    for numbers in _turns(by_user, len(records.keys)):
        outcome = process(records.part(numbers), latest).of_numbers(numbers)
        states.update(zip(outcome.users, outcome.states, strict=True))
        outcomes.append(outcome)
    return joined(outcomes)


def _turns(by_user: Mapping[str, Sequence[tuple[int, Event]]], count: int) -> list[list[int]]:
    """Return the numbers of the records of each part, those of users without an order first."""
    apart: set[int] = set()
    turns: list[list[int]] = []
    for events in by_user.values():
        if all(event.type != EventType.ERASE for _, event in events):
            continue
        apart.update(number for number, _ in events)
        run: list[int] = []
        for number, event in events:
            if event.type == EventType.ERASE:
                turns += [run, [number]]
                run = []
            else:
                run.append(number)
        turns.append(run)
    others = [number for number in range(count) if number not in apart]
    return [turn for turn in (others, *turns) if turn]
