"""A batch of several shards leads to what those of each shard alone lead to."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker
from tests.support.flink_states import MemoryContext
from tests.unit.udfs.operators.kept.test_user_states import World, in_three
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.serving.batches.outcome import Outcome, Records
from tideline.udfs.operators.batch_rows import EVENTS, Batch
from tideline.udfs.operators.kept.batch_users import BatchUsers, settled
from tideline.udfs.operators.kept.erased_marks import ErasedMarks

USERS = [f"user-{number}" for number in range(40)]
RANKER = make_ranker([activity("a"), activity("b")])


class Rolls:
    """The opening that each shard has heard of."""

    def __init__(self, *least_ms: int) -> None:
        self._least_ms = least_ms

    def least_ms(self, shard: int) -> int:
        return self._least_ms[shard]


class Shop:
    """Users of three shards."""

    def __init__(self, *least_ms: int, later: bool = False) -> None:
        world, context = World(), cast("Any", MemoryContext())
        self.shards = shards = world.shards()
        rolls = cast("Any", Rolls(*least_ms))
        states = world.open()
        self.users = BatchUsers(context, shards, states, ErasedMarks(context, states, shards, 1), rolls, later=later)

    def works_off(self, users: list[str], *, muted: bool = False) -> Outcome:
        """Let each user view an item, in one batch; keep what comes of it."""
        events = [Event(f"e-{user}", user, EventType.VIEW, NOON_MS, "tea") for user in users]
        keys, values = [user.encode() for user in users], [encode_event(event) for event in events]
        shards, count = list(map(in_three, users)), len(users)
        of_key: dict[bytes | None, int] = dict(zip(keys, shards, strict=True))
        batch = Batch(EVENTS, Records(keys, values, [NOON_MS] * count), shards, [0] * count, list(range(count)), of_key)
        outcome = self.users.worked_off(batch, [NOON_MS] * count, RANKER, muted=muted, held=None)
        self.users.store(outcome.users, outcome.states, batch.shard_of, None)
        return outcome

    def last(self, shard: int) -> list[Outcome]:
        """Make what waits in a shard."""
        self.shards.at(shard)
        return list(self.users.last(shard, RANKER))


def lists_of(*outcomes: Outcome) -> dict[str, tuple[bytes, bytes]]:
    """List and state by user."""
    return {
        user: (made, state)
        for each in outcomes
        for user, made, state in zip(each.users, each.lists, each.states, strict=True)
    }


@pytest.mark.parametrize("least_ms", [(0, 0, 0), (0, NOON_MS + 5, NOON_MS + 9), (NOON_MS + 5,) * 3])
def test_together_and_shard_by_shard_the_lists_and_states_are_the_same(least_ms: tuple[int, int, int]) -> None:
    """Contract: also where shards of a batch have not heard of the same opening: each list is as of its own shard's."""
    together = Shop(*least_ms).works_off(USERS)
    apart = Shop(*least_ms)
    alone = [apart.works_off([user for user in USERS if in_three(user) == shard]) for shard in range(3)]
    assert len(together.lists) == len(USERS)
    assert lists_of(together) == lists_of(*alone)


def test_past_the_end_of_a_backfill_users_of_the_shards_at_their_end_are_settled() -> None:
    """Contract: theirs are the states of an unmuted run, the others' are not yet."""
    muted, live = Shop(0, 0, 0).works_off(USERS, muted=True), Shop(0, 0, 0).works_off(USERS)
    found = dict(zip(USERS, settled(muted, [1], in_three, RANKER).states, strict=True))
    of_live, of_muted = (dict(zip(USERS, each.states, strict=True)) for each in (live, muted))
    for user in USERS:
        assert (found[user] == of_live[user]) == (in_three(user) == 1)
        assert (found[user] == of_muted[user]) == (in_three(user) != 1)


def test_lists_that_are_left_for_later_are_made_at_the_end_of_each_shard() -> None:
    """Contract: the lists of a run that leaves none, the same however often they are asked for; elsewhere never any."""
    waits, live = Shop(0, 0, 0, later=True), Shop(0, 0, 0)
    assert waits.works_off(USERS).lists == []
    at_once = live.works_off(USERS)
    for _ in range(2):
        last = [each for shard in range(3) for each in waits.last(shard)]
        made = {user: its for each in last for user, its in zip(each.listed, each.lists, strict=True)}
        assert made == dict(zip(at_once.listed, at_once.lists, strict=True))
    assert [each for shard in range(3) for each in live.last(shard)] == []
