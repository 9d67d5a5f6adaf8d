"""Contract: what is kept of a user is his alone, and everybody of whom something is kept is known by name."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker
from tests.support.flink_states import MemoryMap
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.operators.kept.user_states import UserStates

USERS = ["ann", "ü", "a\nb", "x" * 60, *(f"user-{number}" for number in range(40))]


class Namespaces:
    """A value state with namespaces, in memory."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self._now = ""

    def set_current_namespace(self, namespace: str) -> None:
        self._now = namespace

    def value(self) -> bytes | None:
        return self.values.get(self._now)

    def update(self, value: bytes) -> None:
        self.values[self._now] = value

    def clear(self) -> None:
        self.values.pop(self._now, None)


class World:
    """What Flink keeps, which outlives the operator."""

    def __init__(self) -> None:
        self.values, self.names, self.malformed = Namespaces(), MemoryMap(), 0

    def open(self) -> UserStates:
        return UserStates(self.values, self.names, self._count)

    def _count(self) -> None:
        self.malformed += 1


def states_after(views: int) -> list[bytes]:
    """Return the state of each user once he has viewed so many items."""
    events = [
        Event(f"{user}-{number}", user, EventType.VIEW, NOON_MS + number * 1_000, "tea")
        for user in USERS
        for number in range(views)
    ]
    keys, values = [event.user_id.encode() for event in events], [encode_event(event) for event in events]
    outcome = process(
        Records(keys, values, [NOON_MS + 60_000] * len(events)),
        lambda users: [None] * len(users),
        make_ranker([activity("a")]),
    )
    by_user = dict(zip(outcome.users, outcome.states, strict=True))
    return [by_user[user] for user in USERS]


def test_what_was_kept_last_of_each_user_is_found_also_by_the_next_operator() -> None:
    """Contract: nothing of whoever has none, and every user with something once."""
    world, once, twice = World(), states_after(1), states_after(2)
    states = world.open()
    assert states.load(USERS) == [None] * len(USERS)
    states.store(USERS, once)
    assert states.load([*USERS, "nobody"]) == [*once, None]
    states.store(USERS[:10], twice[:10])

    restored = world.open()
    assert restored.load([*USERS, "nobody"]) == [*twice[:10], *once[10:], None]
    assert Counter(restored.keys()) == Counter(USERS)
    assert world.malformed == 0


def test_a_name_is_written_once() -> None:
    """Contract: the map of names changes with new users only, so that hardly any batch waits for a copy of it."""
    world, once, twice = World(), states_after(1), states_after(2)
    states = world.open()
    states.load(USERS)
    states.store(USERS, once)
    world.names.values.clear()

    for operator in (states, world.open()):
        operator.load([*USERS, "looked for and not kept"])
        operator.store(USERS, twice)
        assert world.names.values == {}


def test_a_user_whose_state_cannot_be_read_begins_anew_and_is_no_new_one() -> None:
    """Contract: counted, and one of another build ends the job."""
    world, once = World(), states_after(1)
    world.open().load(USERS)
    states = world.open()
    states.load(USERS)
    states.store(USERS, once)
    world.values.values["ann"] = once[0][:9]

    restored = world.open()
    assert restored.load(USERS[:2]) == [None, once[1]]
    assert world.malformed == 1
    restored.store(["ann"], [once[0]])
    assert world.open().load(["ann"]) == [once[0]]

    of_another_build = bytearray(once[1])
    of_another_build[0] = 200
    world.values.values["ü"] = bytes(of_another_build)
    with pytest.raises(ConfigError, match="version 200"):
        world.open().load(["ü"])


def test_who_is_forgotten_is_nobody_s_name_and_comes_back_as_anybody() -> None:
    """Contract: now and for the next operator; the others stay."""
    world, once = World(), states_after(1)
    states = world.open()
    states.load(USERS)
    states.store(USERS, once)
    states.forget(USERS[:2])
    for each in (states, world.open()):
        assert each.load(USERS[:3]) == [None, None, once[2]]
        assert set(each.keys()) == set(USERS[2:])
    states.store(USERS[:1], once[:1])
    assert (states.load(USERS[:1]), USERS[0] in set(states.keys())) == (once[:1], True)
