"""Records, and what a batch of them leads to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from tideline.schemas.events import Event
    from tideline.udfs.core.rewards.feedback import Feedback
    from tideline.udfs.core.serving.admission import DeadLetter
    from tideline.udfs.core.serving.batches.deeds import Deed
    from tideline.udfs.core.serving.costs.sampled_decisions import SampledDecisions


class Records(NamedTuple):
    """Raw records, in parallel sequences; key and value None where Kafka had none."""

    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    timestamps_ms: Sequence[int]

    def part(self, numbers: Sequence[int]) -> Records:
        """Return some of them."""
        keys, values, timestamps_ms = self
        return Records(
            [keys[number] for number in numbers],
            [values[number] for number in numbers],
            [timestamps_ms[number] for number in numbers],
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch leads to: new states and lists by user, decision records, dead letters, feedback and counts."""

    users: list[str]
    states: list[bytes]
    listed: list[str]
    lists: list[bytes]
    decisions: list[tuple[str, bytes]]
    dead: list[DeadLetter]
    feedback: list[Feedback]
    counts: Counter[str]
    appended_ms: list[int]
    """Kafka timestamp of the newest record behind each list."""
    newest_ms: int
    """Newest event time of the users in the batch."""
    sampled: SampledDecisions | None
    """Decisions to be looked at again for what rules cost."""
    placed: Mapping[str, list[bytes]]
    """By placement another list of each user that has a list."""
    aside: Sequence[tuple[int, str]] = field(default_factory=list)
    """Number of each record that was not applied though nothing is wrong with it, and why."""
    push: list[Event] = field(default_factory=list)
    """What became of messages, in the order it was read."""
    brought: Mapping[str, Sequence[Deed]] = field(default_factory=dict)
    """What users have brought, where there are pushes."""

    def of_numbers(self, numbers: Sequence[int]) -> Outcome:
        """Return the outcome of a part of a batch, its records numbered as in the whole."""
        return replace(
            self,
            dead=[each._replace(number=numbers[each.number]) for each in self.dead],
            aside=[(numbers[number], reason) for number, reason in self.aside],
        )


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of parts of a batch that were processed one after the other.

    Of a user's states the last one counts; his lists stand in the order in which they were made.
    """
    first = outcomes[0]
    states = {user: state for each in outcomes for user, state in zip(each.users, each.states, strict=True)}
    counts, names = first.counts.copy(), dict.fromkeys(name for each in outcomes for name in each.placed)
    for each in outcomes[1:]:
        counts.update(each.counts)
    return Outcome(
        users=list(states),
        states=list(states.values()),
        listed=[user for each in outcomes for user in each.listed],
        lists=[made for each in outcomes for made in each.lists],
        decisions=[record for each in outcomes for record in each.decisions],
        dead=[letter for each in outcomes for letter in each.dead],
        aside=[record for each in outcomes for record in each.aside],
        push=[event for each in outcomes for event in each.push],
        brought=_brought(outcomes),
        feedback=[row for each in outcomes for row in each.feedback],
        counts=counts,
        appended_ms=[at_ms for each in outcomes for at_ms in each.appended_ms],
        newest_ms=max(each.newest_ms for each in outcomes),
        sampled=first.sampled,
        placed={name: [made for each in outcomes for made in each.placed.get(name, ())] for name in names},
    )


def _brought(outcomes: Sequence[Outcome]) -> dict[str, list[Deed]]:
    found: dict[str, list[Deed]] = {}
    for each in outcomes:
        for user, deeds in each.brought.items():
            found.setdefault(user, []).extend(deeds)
    return found
