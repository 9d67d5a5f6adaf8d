"""Batches with orders to erase are as good as records one by one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import KEYS, NOON_MS, ArithmeticEncoder, token_for
from tests.support.engine_runs import NAMES, batches_of, ranking_world, records_of, story_of, sums_of, views
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.rewards.feedback import Feedback
from tideline.udfs.core.serving.engine import Records, process

WORLD = ranking_world(ArithmeticEncoder())
USERS = ["u", "v", "w", "x"]


def mixed(seed: int) -> list[Event]:
    """Stories of four users, each in its order; two are erased in between, one of them twice."""
    rng = np.random.default_rng(seed)
    stories = {user: story_of(user, 30, rng) for user in USERS}
    for user, at in (("u", 18), ("w", 9), ("w", 25)):
        at_ms = stories[user][min(at, len(stories[user]) - 1)].ts_ms
        orders = [
            erase_order(user, at_ms, KEYS, token_for(user, NAMES, NOON_MS - 1_000 * made, seq=made))
            for made in range(4)
        ]
        stories[user][at:at] = [*orders, erase_order(user, at_ms, KEYS)]
    left = {user: iter(story) for user, story in stories.items()}
    found = []
    while left:
        user = str(rng.choice(sorted(left)))
        event = next(left[user], None)
        if event is None:
            del left[user]
        else:
            found.append(event)
    return found


def run(batches: list[list[Event]]) -> dict[str, Any]:
    states: dict[str, bytes] = {}
    lists: dict[str, bytes] = {}
    feedback: list[Feedback] = []
    decisions: Counter[tuple[str, bytes]] = Counter()
    for batch in batches:
        outcome = process(records_of(batch), lambda users: [states.get(user) for user in users], WORLD)
        states.update(zip(outcome.users, outcome.states, strict=True))
        lists.update(zip(outcome.listed, outcome.lists, strict=True))
        feedback += outcome.feedback
        decisions.update(outcome.decisions)
        assert outcome.dead == []
        assert len(outcome.appended_ms) == len(outcome.lists)
    return {"states": states, "lists": lists, "sums": sums_of(feedback), "decisions": decisions}


@pytest.mark.parametrize("seed", range(6))
def test_how_records_were_batched_leaves_no_trace(seed: int) -> None:
    """Contract: states, lists, sums and decisions have the same bytes one by one, some at a time, and all at once."""
    events = mixed(seed)
    expected = run([[event] for event in events])
    for sizes in ([7, 1, 13], [50], [len(events)]):
        assert run(batches_of(events, sizes)) == expected


def test_a_bad_record_beside_an_order_is_told_by_its_own_number() -> None:
    """Contract: the dead letter is of the record that is bad."""
    good = records_of([erase_order("u", NOON_MS, KEYS), *story_of("v", 3, np.random.default_rng(1))])
    forged = records_of([erase_order("w", NOON_MS, KEYS)._replace(ts_ms=NOON_MS + 1)])
    keys = [good.keys[0], b"x", *good.keys[1:], forged.keys[0]]
    values = [good.values[0], b"{", *good.values[1:], forged.values[0]]
    outcome = process(Records(keys, values, [2**50] * len(keys)), lambda users: [None] * len(users), WORLD)
    assert [each.number for each in outcome.dead] == [1, len(keys) - 1]


def test_forged_orders_cost_no_turn() -> None:
    """Contract: whatever a visitor sends, each batch of others is processed once; all of his are dead letters."""
    forged = [Event(f"erase-1-{at:032x}", "u", EventType.ERASE, NOON_MS + at) for at in range(500)]
    story = story_of("v", 20, np.random.default_rng(3))
    outcome = process(records_of([*forged, *story]), lambda users: [None] * len(users), WORLD)
    plain = process(records_of(story), lambda users: [None] * len(users), WORLD)
    assert [each.number for each in outcome.dead] == list(range(500))
    assert {each.error.reason for each in outcome.dead} == {Reason.FOREIGN_TOKEN}
    assert (outcome.users, outcome.states, outcome.lists) == (plain.users, plain.states, plain.lists)
    assert (outcome.counts["records"], outcome.counts["events_erase"]) == (len(story) + 500, 500)
    assert outcome.counts["encode_batches"] == plain.counts["encode_batches"] == 1
    alone = process(records_of(forged), lambda users: [None] * len(users), WORLD)
    assert (len(alone.dead), alone.users, alone.lists) == (500, [], [])


@pytest.mark.parametrize("size", [1, 3, 8])
def test_what_becomes_of_messages_is_told_in_each_users_order_beside_orders_to_erase(size: int) -> None:
    """Contract: who unsubscribed before he was erased did so before it, however records were batched."""
    told = [
        Event("a", "u", EventType.UNSUBSCRIBE, NOON_MS),
        Event("1-0-x", "v", EventType.PUSH_FAILED, NOON_MS + 1),
        Event("b", "u", EventType.UNSUBSCRIBE, NOON_MS + 2),
    ]
    events = [told[0], erase_order("u", NOON_MS + 1, KEYS), *views("w", 3), told[1], told[2]]
    states: dict[str, bytes] = {}
    heard: list[Event] = []
    for batch in batches_of(events, [size]):
        outcome = process(records_of(batch), lambda users: [states.get(user) for user in users], WORLD)
        states.update(zip(outcome.users, outcome.states, strict=True))
        heard += outcome.push
    assert [each for each in heard if each.user_id == "u"] == [told[0], told[2]]
    assert [each for each in heard if each.user_id == "v"] == [told[1]]
    assert sorted(states) == ["u", "w"]
