"""Budgets in whole lists: what is stopped is on none, and without budgets nothing changes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.budgets.standing import Standing
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.ranker_state import RankerState

USERS = [f"u{number}" for number in range(300)]


def lists(ranker: RankerState) -> list[bytes]:
    events = [Event(f"e{user}", user, EventType.VIEW, NOON_MS, item_id="i", category="tea") for user in USERS]
    values = [encode_event(event) for event in events]
    records = Records([user.encode() for user in USERS], values, [NOON_MS] * len(USERS))
    return process(records, lambda users: [None] * len(users), ranker).lists


@pytest.mark.parametrize("exploration", [0, 20, 250])
def test_a_stopped_activity_is_on_no_list(exploration: int) -> None:
    """Contract: exploration and random order included, and it is back at once when it is free again."""
    many = [activity(f"a{number}", budget=9.0, cost=1.0) for number in range(6)]
    ranker = make_ranker(many, exploration_permille=exploration)
    stopped = ranker.with_standing("a2", Standing(stopped=True, version=1))
    assert "a2" not in {name for each in lists(stopped) for name in json.loads(each)["i"]}
    freed = stopped.with_standing("a2", Standing(version=2))
    assert "a2" in {name for each in lists(freed) for name in json.loads(each)["i"]}


def test_a_stopped_activity_is_not_on_lists_in_random_order_either() -> None:
    """Contract: the holdout obeys stops as it obeys masks."""
    many = [activity(f"a{number}", budget=9.0, cost=1.0) for number in range(6)]
    plain = make_ranker(many)
    held_out = replace(plain, settings=replace(plain.settings, holdout_permille=500))
    stopped = held_out.with_standing("a2", Standing(stopped=True, version=1))
    assert "a2" in {name for each in lists(held_out) for name in json.loads(each)["i"]}
    assert "a2" not in {name for each in lists(stopped) for name in json.loads(each)["i"]}


def test_what_is_stopped_is_not_counted_as_eligible() -> None:
    """Contract: so probabilities are those of the activities that could be shown."""
    ranker = make_ranker([activity("a"), activity("b")]).with_standing("a", Standing(stopped=True, version=1))
    assert {tuple(json.loads(each)["i"]) for each in lists(ranker)} == {("b",)}
    assert np.array_equal(ranker.stopped(), [0])


def test_a_price_moves_what_is_dear_down_and_an_offset_what_is_owed_up() -> None:
    plain = make_ranker([activity(name) for name in "abcde"], alpha=0.0)
    raised = plain.with_standing("d", Standing(offset=2**22, version=1))
    assert {json.loads(each)["i"][0] for each in lists(raised)} == {"d"}


def test_without_budgets_lists_have_the_bytes_they_had() -> None:
    """Contract: a budget that nothing is known of, and a standing that is free, change none."""
    plain = make_ranker([activity(name) for name in "abcde"], exploration_permille=20)
    before = lists(plain)
    budgeted = make_ranker([activity(name, budget=9.0, cost=1.0) for name in "abcde"], exploration_permille=20)
    assert lists(budgeted) == before
