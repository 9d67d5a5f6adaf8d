"""Contract: what is kept of a user is his alone, and everybody of whom something is kept is known by name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.operators.kept.shard_keys import ShardKeys
from tideline.udfs.operators.kept.user_states import UserStates

if TYPE_CHECKING:
    from collections.abc import Sequence

USERS = ["ann", "ü", "a\nb", "x" * 60, *(f"user-{number}" for number in range(40))]


class World:
    """What Flink keeps, which outlives the operator: of each shard states and names, and which one it points at."""

    def __init__(self) -> None:
        self.shard, self.malformed = 0, 0
        self._states: dict[int, dict[str, bytes]] = {}
        self._names: dict[int, dict[str, bool]] = {}

    @property
    def values(self) -> dict[str, bytes]:
        """The states of the shard pointed at."""
        return self._states.setdefault(self.shard, {})

    @property
    def known(self) -> dict[str, bool]:
        """The names of the shard pointed at."""
        return self._names.setdefault(self.shard, {})

    def at(self, shard: int) -> None:
        self.shard = shard

    def load(self, users: Sequence[str], shards: Sequence[int]) -> list[bytes | None]:
        found = []
        for user, self.shard in zip(users, shards, strict=True):
            found.append(self.values.get(user))
        return found

    def store(self, users: Sequence[str], states: Sequence[bytes], shards: Sequence[int], new: Sequence[bool]) -> None:
        for user, state, self.shard, is_new in zip(users, states, shards, new, strict=True):
            self.values[user] = state
            if is_new:
                self.known[user] = True

    def forget(self, users: Sequence[str]) -> None:
        for user in users:
            self.values.pop(user, None)
            self.known.pop(user, None)

    def names(self) -> list[str]:
        return list(self.known)

    def open(self, keys: ShardKeys | None = None) -> UserStates:
        return UserStates(cast("Any", self), keys or self.shards(), self._count)

    def shards(self) -> ShardKeys:
        """Return keys that point at one shard."""
        keys = ShardKeys(self.at)
        keys.entered(self.shard)
        return keys

    def _count(self) -> None:
        self.malformed += 1


def in_one(_: str) -> int:
    """All users are of the shard pointed at."""
    return 0


def in_three(user: str) -> int:
    """Users are of the shards 0 to 2."""
    return sum(user.encode()) % 3


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
    assert states.load(USERS, in_one) == [None] * len(USERS)
    states.store(USERS, once, in_one)
    assert states.load([*USERS, "nobody"], in_one) == [*once, None]
    states.store(USERS[:10], twice[:10], in_one)

    restored = world.open()
    assert restored.load([*USERS, "nobody"], in_one) == [*twice[:10], *once[10:], None]
    assert Counter(restored.keys()) == Counter(USERS)
    assert world.malformed == 0


def test_a_name_is_written_once() -> None:
    """Contract: the map of names changes with new users only, so that hardly any batch waits for a copy of it."""
    world, once, twice = World(), states_after(1), states_after(2)
    states = world.open()
    states.load(USERS, in_one)
    states.store(USERS, once, in_one)
    world.known.clear()

    for operator in (states, world.open()):
        operator.load([*USERS, "looked for and not kept"], in_one)
        operator.store(USERS, twice, in_one)
        assert world.known == {}


def test_a_user_whose_state_cannot_be_read_begins_anew_and_is_no_new_one() -> None:
    """Contract: counted, and one of another build ends the job."""
    world, once = World(), states_after(1)
    world.open().load(USERS, in_one)
    states = world.open()
    states.load(USERS, in_one)
    states.store(USERS, once, in_one)
    world.values["ann"] = once[0][:9]

    restored = world.open()
    assert restored.load(USERS[:2], in_one) == [None, once[1]]
    assert world.malformed == 1
    restored.store(["ann"], [once[0]], in_one)
    assert world.open().load(["ann"], in_one) == [once[0]]

    of_another_build = bytearray(once[1])
    of_another_build[0] = 200
    world.values["ü"] = bytes(of_another_build)
    with pytest.raises(ConfigError, match="version 200"):
        world.open().load(["ü"], in_one)


def test_who_is_forgotten_is_nobody_s_name_and_comes_back_as_anybody() -> None:
    """Contract: now and for the next operator; the others stay."""
    world, once = World(), states_after(1)
    states = world.open()
    states.load(USERS, in_one)
    states.store(USERS, once, in_one)
    states.forget(USERS[:2])
    for each in (states, world.open()):
        assert each.load(USERS[:3], in_one) == [None, None, once[2]]
        assert set(each.keys()) == set(USERS[2:])
    states.store(USERS[:1], once[:1], in_one)
    assert (states.load(USERS[:1], in_one), USERS[0] in set(states.keys())) == (once[:1], True)


def test_users_of_one_batch_are_each_kept_in_their_own_shard() -> None:
    """Contract: as if each shard's had come alone, by state and by name: they go elsewhere with it."""
    together, apart, once = World(), World(), states_after(1)
    states = together.open()
    states.load(USERS, in_three)
    states.store(USERS, once, in_three)
    for shard in range(3):
        rows = [row for row, user in enumerate(USERS) if in_three(user) == shard]
        apart.at(shard)
        alone, some = apart.open(), [USERS[row] for row in rows]
        alone.load(some, lambda _: shard)  # noqa: B023 - called at once
        alone.store(some, [once[row] for row in rows], lambda _: shard)  # noqa: B023 - called at once
    for shard in range(3):
        together.at(shard)
        apart.at(shard)
        assert together.values == apart.values != {}
        assert together.known == apart.known != {}
    assert together.open().load(USERS, in_three) == once
