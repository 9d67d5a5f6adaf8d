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


class Chain:
    """Parts of a batch that are worked off one after the other, each against what the ones before have left."""

    def __init__(self, load: Load) -> None:
        """`load` returns the states of users of whom there was none yet."""
        self._load, self._states = load, dict[str, bytes]()
        self.outcomes: list[Outcome] = []

    def latest(self, users: list[str]) -> list[bytes | None]:
        """Return the users' states as they are now."""
        unknown = [user for user in users if user not in self._states]
        found = dict(zip(unknown, self._load(unknown), strict=True))
        return [self._states[user] if user in self._states else found[user] for user in users]

    def add(self, outcome: Outcome, numbers: Sequence[int]) -> None:
        """Take in what a part led to; `numbers` are those of its records in the whole batch."""
        self._states.update(zip(outcome.users, outcome.states, strict=True))
        self.outcomes.append(outcome.of_numbers(numbers))


def in_parts(
    records: Records, parts: Sequence[Sequence[int]], load: Load, process: Callable[[Records, Load], Outcome]
) -> Outcome:
    """Return what records lead to, processed part by part, each given by the numbers of its records."""
    chain = Chain(load)
    for numbers in parts:
        chain.add(process(records.part(numbers), chain.latest), numbers)
    return joined(chain.outcomes)


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
    turns = _turns(left, [number for number in range(len(records.keys)) if number not in refused])
    whole = in_parts(records, turns, load, process)
    whole.counts.update(records=len(forged), events_erase=len(forged))
    return replace(whole, dead=[*whole.dead, *forged])


def with_pushes(
    by_user: Mapping[str, Sequence[tuple[int, Event]]], of_pushes: Sequence[tuple[int, Event]]
) -> dict[str, list[tuple[int, Event]]]:
    """Return events by user with those that say what became of messages, each user's in the order of their numbers.

    So an order to erase parts them as it does all others of its user.
    """
    found = {user: list(events) for user, events in by_user.items()}
    for number, event in of_pushes:
        found.setdefault(event.user_id, []).append((number, event))
    return {user: sorted(events, key=lambda numbered: numbered[0]) for user, events in found.items()}


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
