"""One micro-batch, from records to lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.core_world import ArithmeticEncoder, make_world
from tests.support.engine_runs import ranking_world, run, views
from tideline.udfs.core.serving.engine import Outcome, Records, process

if TYPE_CHECKING:
    pass


def test_nothing_and_nothing_valid_are_batches_too() -> None:
    world = ranking_world(ArithmeticEncoder())
    empty: Outcome = process(Records([], [], []), lambda users: [], world)
    assert (empty.users, empty.lists, empty.dead) == ([], [], [])
    bad: Outcome = process(Records([None, b"u"], [b"x", None], [1, 1]), lambda users: [], world)
    assert [letter.number for letter in bad.dead] == [0, 1]
    assert (bad.users, bad.lists, bad.counts["records"]) == ([], [], 2)


def test_without_activities_there_are_states_and_no_lists() -> None:
    found = run([views("u", 3)], make_world())
    assert found.lists == {}
    assert list(found.states) == ["u"]
    assert found.counts["unlisted"] == 1
