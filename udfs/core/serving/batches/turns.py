"""Batches with an order to erase: what was before it, the order, what comes after, as if they had come one by one.

So it does not matter how records were batched. Other users are processed in one go, as ever. What is no order of ours
costs a look at its signature and no turn: it could come in any number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import EventType
from tideline.udfs.core.erasure.erase_order import check_order
from tideline.udfs.core.serving.admission import DeadLetter
from tideline.udfs.core.serving.batches.outcome import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tideline.schemas.events import Event
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.core.serving.batches.outcome import Outcome, Records

    Load = Callable[[list[str]], list[bytes | None]]


def in_turns(
    records: Records,
    by_user: Mapping[str, Sequence[tuple[int, Event]]],
    load: Load,
    process: Callable[[Records, Load], Outcome],
    keys: TokenKeys,
) -> Outcome:
    """Return what records lead to, processed by `process` part by part; an order is a part of its own."""
    forged = _forged(by_user, keys)
    refused = {letter.number for letter in forged}
    left = {user: [each for each in events if each[0] not in refused] for user, events in by_user.items()}
    states: dict[str, bytes] = {}

    def latest(users: list[str]) -> list[bytes | None]:
        unknown = [user for user in users if user not in states]
        found = dict(zip(unknown, load(unknown), strict=True))
        return [states[user] if user in states else found[user] for user in users]

    outcomes = []
    for numbers in _turns(left, [number for number in range(len(records.keys)) if number not in refused]):
        outcome = process(records.part(numbers), latest).of_numbers(numbers)
        states.update(zip(outcome.users, outcome.states, strict=True))
        outcomes.append(outcome)
    whole = joined(outcomes)
    whole.counts.update(records=len(forged), events_erase=len(forged))
    return replace(whole, dead=[*whole.dead, *forged])


def _forged(by_user: Mapping[str, Sequence[tuple[int, Event]]], keys: TokenKeys) -> list[DeadLetter]:
    found = []
    for events in by_user.values():
        for number, event in events:
            if event.type == EventType.ERASE:
                try:
                    check_order(event, keys)
                except InvalidRecord as error:
                    found.append(DeadLetter(number, error))
    return found


def _turns(by_user: Mapping[str, Sequence[tuple[int, Event]]], every: Sequence[int]) -> list[list[int]]:
    """Return the numbers of the records of each part: first, if any or none, those of users without an order."""
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
    return [[number for number in every if number not in apart], *filter(None, turns)]
