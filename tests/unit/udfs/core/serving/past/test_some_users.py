"""Contract: a past of some users leads to what it leads to for them among all others, however records came together."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support.core_world import KEYS, NOON_MS, ArithmeticEncoder
from tests.support.engine_runs import ranking_world
from tests.support.malformed import many_refused
from tests.support.traffic import Scenario, interleave, make_activities, make_events, messages, with_duplicates
from tideline.udfs.core.serving.batches.fates import PASSED_OVER, fates_of
from tideline.udfs.core.serving.batches.outcome import Records
from tideline.udfs.core.serving.engine import process
from tideline.udfs.core.serving.past.some_users import SomeUsers, of_some

if TYPE_CHECKING:
    from tests.support.traffic import Message
    from tideline.udfs.core.serving.batches.outcome import Outcome

_USERS = [f"u-{number:05}" for number in range(40)]
_RANKER = ranking_world(ArithmeticEncoder())


def _stream() -> list[Message]:
    """Return events, repeated ones and records that are none, some of them without a key."""
    told, _ = with_duplicates(
        make_events(Scenario(5, len(_USERS), 600, make_activities(24, NOON_MS), KEYS, NOON_MS - 3_600_000)), 0.05, 1
    )
    bad = [each.message for each in many_refused(60, _USERS, NOON_MS, KEYS, "a004")]
    return interleave(messages(told), bad, 2)


class _Shop:
    def __init__(self, some: SomeUsers | None) -> None:
        self.some, self.fates = some, Counter[str]()
        self.states, self.lists, self.decisions = dict[str, bytes](), dict[str, bytes](), list[tuple[str, bytes]]()

    def works_off(self, batch: list[Message]) -> Outcome:
        records = Records([each.key for each in batch], [each.value for each in batch], [NOON_MS] * len(batch))
        work = partial(process, load=lambda users: [self.states.get(user) for user in users], ranker=_RANKER)
        outcome = work(records) if self.some is None else of_some(self.some, records, work)
        self.states.update(zip(outcome.users, outcome.states, strict=True))
        self.lists.update(zip(outcome.listed, outcome.lists, strict=True))
        self.decisions += outcome.decisions
        for counts in fates_of(outcome, range(len(batch))).values():
            self.fates.update(counts)
        return outcome


def _is_of(key: bytes | None, some: SomeUsers) -> bool:
    """Return whether a key is an id, and of one of them."""
    return key is not None and key == key.decode(errors="replace").encode() and some.has(key.decode())


@pytest.mark.parametrize("some", [SomeUsers(4), SomeUsers(named=frozenset(_USERS[3:9])), SomeUsers()])
def test_their_lists_states_and_decisions_are_those_among_all(some: SomeUsers) -> None:
    """Contract: byte for byte; whoever is none of them has neither; every record has a fate."""
    stream, everybody = _stream(), _Shop(None)
    for each in stream:
        everybody.works_off([each])
    mine = {user for user in everybody.states if some.has(user)}
    assert len(mine) > 4
    for size in (1, 7, len(stream)):
        shop = _Shop(some)
        for at in range(0, len(stream), size):
            shop.works_off(stream[at : at + size])
        assert shop.states == {user: everybody.states[user] for user in mine}
        assert shop.lists == {user: made for user, made in everybody.lists.items() if user in mine}
        assert sorted(shop.decisions) == sorted(each for each in everybody.decisions if each[0] in mine)
        assert shop.fates[PASSED_OVER] == sum(not _is_of(each.key, some) for each in stream)
        assert shop.fates.total() == len(stream)
        assert shop.fates["accepted"] <= everybody.fates["accepted"]


def test_what_is_refused_keeps_its_place_in_the_batch() -> None:
    """Contract: a dead letter is of the record that it was; nobody's record leads to none."""
    batch = [each._replace(key=key) for each, key in zip(_stream(), (b"a", None, b"b", b"\xff"), strict=False)]
    outcome = _Shop(SomeUsers(named=frozenset("b"))).works_off(batch)
    assert [each.number for each in outcome.dead] == [2]
    assert sorted(outcome.aside) == [(number, PASSED_OVER) for number in (0, 1, 3)]


def test_a_sample_is_about_as_large_as_it_says_and_smaller_ones_are_in_it() -> None:
    """Contract: 1/32 is a part of 1/16, and no draw of arms, shards or holdout decides who is in it."""
    names = [f"user-{Random(3).random()}-{number}" for number in range(16_000)]
    larger, smaller = ({user for user in names if SomeUsers(one_in).has(user)} for one_in in (16, 32))
    assert smaller < larger
    assert 850 < len(larger) < 1150
