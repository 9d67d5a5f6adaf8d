"""Who ranks beside the job's policies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.core_world import ArithmeticEncoder
from tests.support.tiny_world import tiny_world
from tideline.scripts.benchmarks.offline.value.rivals import (
    Attainable,
    Content,
    PopularBest,
    PopularLearned,
    Random,
)
from tideline.scripts.benchmarks.offline.value.value_play import NONE, Shown
from tideline.scripts.benchmarks.offline.value.value_stage import Stage, make_stage

VISITS = np.array([0, 1])
UNSEEN = np.zeros((2, 3), np.int64)


@pytest.fixture
def stage() -> Stage:
    """Return a stage on which u0, a friend of bread, and u1, one of milk, visit in turn and are shown two of three."""
    return make_stage(tiny_world(users=2, visits=4, click=[[0.4, 0.3, 0.1], [0.0, 0.1, 0.3]]), ArithmeticEncoder())


def shown(*entries: int, clicked: int, times: int) -> Shown:
    """Return a list that was seen so often, and one place of it always clicked."""
    order = np.tile(entries, (times, 1))
    clicks = np.zeros(order.shape, np.bool_)
    clicks[:, clicked] = True
    return Shown(np.zeros(times, np.int64), order, clicks, clicks, np.zeros(order.shape))


def test_chance_shows_everything_alike_and_repeats_itself_at_a_seed(stage: Stage) -> None:
    """Contract: each activity as often in the first place; the same seed, the same orders; closed ones never."""
    one, again, other = Random(stage, 1), Random(stage, 1), Random(stage, 2)
    seen = np.zeros((3_000, 3), np.int64)
    found = one.order(np.zeros(3_000, np.int64), seen)
    assert (found == again.order(np.zeros(3_000, np.int64), seen)).all()
    assert (found != other.order(np.zeros(3_000, np.int64), seen)).any()
    assert np.bincount(found[:, 0]) / 3_000 == pytest.approx([1 / 3] * 3, abs=0.04)
    closed = replace(stage, open=stage.open & [True, False, True])
    assert not (Random(closed, 1).order(np.zeros(50, np.int64), seen[:50]) == 1).any()


def test_the_truth_knows_each_visitor_and_what_he_is_tired_of(stage: Stage) -> None:
    """Contract: by his own chance of a click now; with half of it left each time, .4 seen twice is worth .1."""
    tired = replace(stage, truth=stage.truth._replace(fatigue=0.5))
    assert Attainable(tired).order(VISITS, UNSEEN).tolist() == [[0, 1], [2, 1]]
    assert Attainable(tired).order(VISITS, np.array([[2, 0, 0], [0, 0, 3]])).tolist() == [[1, 0], [1, 2]]


def test_the_best_list_for_all_is_by_the_mean_over_visits_that_could_show_it(stage: Stage) -> None:
    """Contract: means .2, .2, .2 to begin with; open to one of them alone, an activity has that one's chance."""
    assert PopularBest(stage).order(VISITS, UNSEEN).tolist() == [[0, 1], [0, 1]]
    may = stage.open.copy()
    may[stage.truth.visitor == 0, 2] = False
    found = PopularBest(replace(stage, open=may)).order(VISITS, UNSEEN)
    assert found.tolist() == [[0, 1], [2, 0]]
    may = stage.open.copy()
    may[stage.truth.visitor == 1, 2] = False
    assert PopularBest(replace(stage, open=may)).order(VISITS, UNSEEN).tolist() == [[0, 1], [0, 1]]


def test_the_best_list_in_hindsight_does_not_learn(stage: Stage) -> None:
    """Contract: what was shown changes nothing."""
    ranker = PopularBest(stage)
    before = ranker.order(VISITS, UNSEEN)
    ranker.learn(shown(2, 1, clicked=0, times=5_000))
    assert (ranker.order(VISITS, UNSEEN) == before).all()


def test_the_learned_list_for_all_follows_the_clicks(stage: Stage) -> None:
    """Contract: clicked each of 50,000 times, an activity is first for all; shown as often without one, last.

    An empty place teaches nothing.
    """
    ranker = PopularLearned(replace(stage, world=replace(stage.world, looked_at=(1.0, 1.0, 1.0))), 1)
    ranker.learn(shown(1, 2, NONE, clicked=0, times=50_000))
    for _ in range(20):
        assert ranker.order(VISITS, UNSEEN).tolist() == [[1, 0, 2]] * 2


def test_the_learned_list_is_one_for_all_and_drawn_anew_for_each_slice(stage: Stage) -> None:
    """Contract: nobody's list differs from another's in a slice; before anything is known slices differ."""
    ranker = PopularLearned(stage, 1)
    found = [ranker.order(VISITS, UNSEEN) for _ in range(20)]
    assert all((each[0] == each[1]).all() for each in found)
    assert len({tuple(each[0].tolist()) for each in found}) > 1


def test_content_goes_by_what_the_visitor_did(stage: Stage) -> None:
    """Contract: bread first for who buys bread, milk for the other, whatever is clicked."""
    ranker = Content(stage)
    assert ranker.order(VISITS, UNSEEN).tolist() == [[0, 1], [1, 0]]
    assert ranker.order(VISITS[::-1], UNSEEN).tolist() == [[1, 0], [0, 1]]
