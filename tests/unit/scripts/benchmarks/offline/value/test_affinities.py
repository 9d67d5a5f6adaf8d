"""The share of what a visitor did in each activity's categories."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, ArithmeticEncoder
from tests.support.tiny_world import HOUR_MS, tiny_world
from tideline.scripts.benchmarks.offline.value.affinities import shares
from tideline.scripts.benchmarks.offline.value.value_stage import make_stage

if TYPE_CHECKING:
    from tideline.scripts.benchmarks.offline.value.value_stage import Stage
    from tideline.scripts.benchmarks.worlds.value_world import World


def stage_of(world: World, *categories: int) -> Stage:
    """Return a stage on which the user did five things in these categories."""
    return make_stage(replace(world, events=replace(world.events, category=np.array(categories))), ArithmeticEncoder())


def test_shares_halve_with_age() -> None:
    """Contract: bread, then milk, half-life of one event: the milk weighs 1 of 1.5, what has no category counts too."""
    known = shares(stage_of(tiny_world(users=1, visits=1), -1, -1, -1, 0, 1), 1.0)[0]
    whole = 1 + 1 / 2 + 1 / 4 + 1 / 8 + 1 / 16
    assert known.tolist() == pytest.approx([0.5 / whole, 1 / whole, 0])


def test_a_later_visit_knows_what_the_earlier_one_knew_and_what_came_between() -> None:
    """Contract: after two events bread alone, after five bread has aged three events more."""
    world = replace(tiny_world(users=1, visits=2), visit_ms=np.array([NOON_MS - 3 * HOUR_MS - 1, NOON_MS]))
    first, later = shares(stage_of(world, 0, 0, 1, 1, 1), 2.0)
    old, new = 2**-1.5 + 2**-2, 1 + 2**-0.5 + 2**-1
    assert first.tolist() == pytest.approx([1, 0, 0])
    assert later.tolist() == pytest.approx([old / (old + new), new / (old + new), 0])


def test_an_activity_in_several_categories_has_the_shares_of_all() -> None:
    """Contract: with a half-life without end, three of five events in bread and two in milk."""
    world = tiny_world(users=1, visits=1)
    both = replace(world.activities[2], categories=("bread", "milk"))
    world = replace(world, activities=(*world.activities[:2], both))
    assert shares(stage_of(world, 0, 1, 0, 1, 0), 1e9)[0].tolist() == pytest.approx([0.6, 0.4, 1.0])


def test_visitors_know_nothing_of_each_other() -> None:
    """Contract: who never did anything has 0 everywhere, whoever came before him."""
    world = replace(tiny_world(users=3, visits=1), users=("u0", "x", "u1"))
    assert shares(make_stage(world, ArithmeticEncoder()), 100.0).tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]
