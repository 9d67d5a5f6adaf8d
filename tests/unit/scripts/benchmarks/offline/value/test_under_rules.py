"""Rankers under rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, ArithmeticEncoder
from tests.support.tiny_world import tiny_world
from tideline.scripts.benchmarks.offline.value.rivals import Attainable
from tideline.scripts.benchmarks.offline.value.under_rules import Rules, UnderRules, shares_kept
from tideline.scripts.benchmarks.offline.value.value_play import NONE, Shown, play
from tideline.scripts.benchmarks.offline.value.value_stage import Stage, make_stage
from tideline.udfs.core.catalogue.activity import Activity, Cap
from tideline.udfs.core.ranking.list_rules import ListRules, read_list_rules

QUOTA = read_list_rules('[{"by": "category", "penalty": [0, "ban"]}]')


def stage_of(*activities: Activity, users: int = 2, visits: int = 4) -> Stage:
    """Return a stage on which everybody likes a best, then b, then c, and sees two of them."""
    world = tiny_world(users=users, visits=visits, click=[[0.4, 0.3, 0.1]] * users)
    mine = {each.activity_id: each for each in (*world.activities, *activities)}
    return make_stage(replace(world, activities=tuple(mine[name] for name in "abc")), ArithmeticEncoder())


def a_with(stage: Stage, **stated: Any) -> Activity:
    return replace(stage.world.activities[0], **stated)


def ruled(stage: Stage, list_rules: ListRules = ListRules()) -> UnderRules:  # noqa: B008 - it is empty
    """Return who knows the truth, under the rules of the stage's activities."""
    whole = replace(stage, world=replace(stage.world, looked_at=(1.0,) * 3))
    return UnderRules(Attainable(whole), stage.truth, Rules.of(stage.world.activities, list_rules))


def lists(ranker: UnderRules, visits: list[int]) -> list[list[int]]:
    found: list[list[int]] = ranker.order(np.array(visits), np.zeros((len(visits), 3), np.int64)).tolist()
    return found


def bought(visits: list[int], order: list[list[int]]) -> Shown:
    """Return lists all of whose entries were bought."""
    there = np.array(order) != NONE
    return Shown(np.array(visits), np.array(order), there, there, np.ones(there.shape))


PLAIN = stage_of()


def test_without_a_rule_the_ranker_has_its_way() -> None:
    """Contract: its first entries, as many as are seen; what was played is what it plays alone."""
    assert lists(ruled(PLAIN), [0, 1]) == [[0, 1], [0, 1]]
    alone, under = play(PLAIN.truth, Attainable(PLAIN), 1), play(PLAIN.truth, ruled(PLAIN), 1)
    assert (alone.clicks == under.clicks).all()


def test_a_budget_that_pays_for_no_further_conversion_ends_its_activity() -> None:
    """Contract: it stops before it is overdrawn, and the next best stands in its place."""
    ranker = ruled(stage_of(a_with(PLAIN, budget=5.0, cost=2.0)))
    assert lists(ranker, [0]) == [[0, 1]]
    ranker.learn(bought([0], [[0, 1]]))
    assert lists(ranker, [1]) == [[0, 1]]
    ranker.learn(bought([1], [[0, 1]]))
    assert lists(ranker, [2]) == [[1, 2]], "4 of 5 are spent"


def test_a_cap_counts_what_the_visitor_saw_in_its_window() -> None:
    """Contract: for him alone, and until the window has passed."""
    stage = stage_of(a_with(PLAIN, cap=Cap(max_shown=1, window_ms=2 * DAY_MS)))
    ranker = ruled(stage)
    ranker.learn(bought([0], [[0, 1]]))
    assert stage.truth.visitor[:6].tolist() == [0, 1, 0, 1, 0, 1]
    assert lists(ranker, [1]) == [[0, 1]]
    assert lists(ranker, [2]) == [[1, 2]]
    assert lists(ranker, [4]) == [[0, 1]], "two days later"


def test_a_quota_passes_over_what_is_too_much_of_one_value() -> None:
    """Contract: the list is the first that may stand together; where nothing may it ends."""
    stage = stage_of(a_with(PLAIN, categories=("milk",)))
    assert lists(ruled(stage, QUOTA), [0]) == [[0, 2]]
    other = replace(stage.world.activities[2], categories=("milk",))
    assert lists(ruled(stage_of(a_with(PLAIN, categories=("milk",)), other), QUOTA), [0]) == [[0, NONE]]


def test_a_floor_is_paid_in_the_last_place_and_no_more_than_is_owed() -> None:
    """Contract: by looks at the places, over all that was shown; what it has by itself counts."""
    weak = replace(PLAIN.world.activities[2], exposure_floor=0.1)
    stage = stage_of(weak, users=10, visits=3)
    ranker = ruled(stage)
    (visits, *_) = stage.truth.slices
    found = ranker.order(visits, np.zeros((visits.size, 3), np.int64))
    assert (found[:, 0] == 0).all()
    assert (found[:, 1] == 2).sum() == 3, "10 lists have 15 looks, of which it is owed 1.5: 3 halves"
    met = ruled(stage_of(replace(PLAIN.world.activities[0], exposure_floor=0.6)))
    assert lists(met, [0, 1]) == [[0, 1], [0, 1]]


@pytest.mark.parametrize("budget", [4.0, 9.0, 1_000.0])
def test_in_hindsight_a_budget_lasts_to_the_end(budget: float) -> None:
    """Contract: with the share that is kept its activity is expected to bring what is paid for, and hardly less."""
    users, visits = 40, 5
    click = np.column_stack([np.linspace(0.1, 0.5, users), np.full((users, 2), 0.2)])
    world = tiny_world(users=users, visits=visits, click=click.tolist())
    limited = replace(world.activities[0], budget=budget, cost=0.5)
    stage = make_stage(replace(world, activities=(limited, *world.activities[1:])), ArithmeticEncoder())
    kept = shares_kept(stage, Rules.of(stage.world.activities, ()))
    assert kept[1:].tolist() == [1.0, 1.0]
    found = 0.0
    for row in click:
        place = int((row[1:] > kept[0] * row[0]).sum())
        found += 0.5 * visits * row[0] / 2 * (1.0, 0.5, 0.0)[place]
    most_of_one = 0.5 * visits * 0.5
    assert found <= budget
    assert kept[0] == 1.0 or found > budget - most_of_one
