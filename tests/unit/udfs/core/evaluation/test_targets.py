"""Policies as targets: exact probabilities, what they learn from, and whole lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.ope_lists import ARMS, ORDER, SLOTS, draw_lists, in_order, truth_of_lists
from tideline.scripts.benchmarks.offline.ope_world import draw, make_log
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.evaluation.evaluation import evaluate
from tideline.udfs.core.evaluation.learned import contexts, crossfitted, replayed
from tideline.udfs.core.evaluation.log import Log, folds
from tideline.udfs.core.evaluation.targets import Constant, Target, Uniform
from tideline.udfs.core.policies.base import Policy
from tideline.udfs.core.policies.by_name import POLICIES, make_policy

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_a_greedy_policy_has_exact_probabilities_given_what_is_above() -> None:
    """Contract: 1 - e for the best of what remains, and e over the number that remains for each."""
    log = draw_lists(50, 1)
    rows = np.arange(log.rows)
    found = in_order(log, 0.3).chances(rows)
    assert found.sum(axis=1) == pytest.approx(np.ones(log.rows))
    for row in rows.tolist():
        above = log.action[row - log.position[row] : row].tolist()
        left = [arm for arm in ORDER if arm not in above]
        wanted = [(arm in left) * 0.3 / len(left) + 0.7 * (arm == left[0]) for arm in range(ARMS)]
        assert found[row] == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["uniform", "constant", "greedy"])
def test_chances_in_a_place_agree_with_those_given_what_is_above(name: str) -> None:
    """Contract: averaged over the lists that the policy itself makes, the one is the other."""
    log = draw_lists(30_000, 2)
    made: dict[str, Target] = {"uniform": Uniform(log), "constant": Constant(log, 4), "greedy": in_order(log, 0.4)}
    target = made[name]
    rows = np.arange(log.rows)
    given = target.chances(rows)
    own = (given[rows, log.action] / log.propensity).reshape(-1, SLOTS)
    before = np.column_stack([np.ones(len(own)), own[:, :-1].cumprod(axis=1)])
    averaged = (given.reshape(-1, SLOTS, ARMS) * before[:, :, None]).mean(axis=0)
    places = target.places(rows[::SLOTS][:1], SLOTS)
    assert places is not None
    assert places[0].sum(axis=1) == pytest.approx(np.ones(SLOTS))
    assert averaged == pytest.approx(places[0], abs=0.03)


def test_lists_of_another_policy_are_judged_from_random_ones() -> None:
    """Contract: all four estimators of a list's reward cover what the policy really earns."""
    log = draw_lists(12_000, 21)
    answer = evaluate(log, lambda fold: in_order(log, 0.5))
    per_list, _ = truth_of_lists(0.5)
    assert set(answer.lists) == {"independent", "rips", "cascade_dr", "pseudo_inverse"}
    for name, estimate in answer.lists.items():
        assert estimate.ci95 is not None, name
        assert estimate.ci95.low <= per_list <= estimate.ci95.high, name


def test_a_list_estimate_from_too_few_lists_like_the_policys_is_refused() -> None:
    """Contract: products of weights need more than single ones; what a list earns is then not told by them."""
    log = draw_lists(3_000, 4)
    answer = evaluate(log, lambda fold: in_order(log, 0.3))
    assert answer.refused is None
    assert "effective sample size" in (answer.lists["rips"].refused or "")
    assert answer.lists["rips"].value is None
    assert answer.lists["independent"].value is not None


def test_what_is_learned_for_a_fold_does_not_see_it() -> None:
    """Contract: changing a fold's rewards changes no probability inside of that fold."""
    log = draw(2_000, 5).log
    fold = folds(log, 5)
    other = replace(log, reward=np.where(fold == 3, 1.0 - log.reward, log.reward))
    rows = np.flatnonzero(fold == 3)
    one, two = (crossfitted(_policy("linucb"), each, fold, 0.1).chances(rows) for each in (log, other))
    assert (one == two).all()
    elsewhere = np.flatnonzero(fold == 0)
    one, two = (crossfitted(_policy("linucb"), each, fold, 0.1).chances(elsewhere) for each in (log, other))
    assert (one != two).any()


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_policy_of_the_product_can_be_judged(name: str) -> None:
    log = draw(600, 6).log
    target = crossfitted(_policy(name), log, folds(log, 5), 0.1)
    found = target.chances(np.arange(100))
    assert found.sum(axis=1) == pytest.approx(np.ones(100))
    assert found.min() == pytest.approx(0.1 / 6)


def test_a_policy_that_learned_the_log_earns_more_than_a_random_one() -> None:
    """Contract: learned from a random log it beats that log, and what it really earns is inside the intervals."""
    log, clicks = _random_log(20_000)
    fold = folds(log, 5)
    target = crossfitted(_policy("linucb"), log, fold, 0.1)
    answer = evaluate(log, lambda fold: target)
    really = float((target.chances(np.arange(log.rows)) * clicks).sum(axis=1).mean())
    assert really > 1.2 * log.reward.mean()
    for name in ("ips", "dr"):
        low, high = answer.estimates[name].ci95
        assert low <= really <= high
    matched = replayed(_policy("linucb"), log, 0.1)
    assert 0.7 * log.rows / 6 < matched.sum() < 1.3 * log.rows / 6
    assert log.reward[matched > 0].mean() > 1.1 * log.reward.mean()


def test_a_policy_may_learn_by_how_often_places_are_looked_at() -> None:
    """Contract: the better of two arms, mostly shown where a third look, is learned as the better one with places."""
    random, rows = np.random.default_rng(7), 8_000
    action = random.integers(0, 2, rows)
    position = np.where(random.random(rows) < 0.9, 4 * action, 4 - 4 * action)
    rates = np.where(action, 0.3, 0.2) * np.where(position, 0.35, 1.0)
    reward = (random.random(rows) < rates).astype(float)
    log = replace(make_log(random.normal(size=(rows, 2)), action, np.full(rows, 0.5), reward, 2), position=position)
    fold = folds(log, 5)
    places = (1.0, 1.0, 1.0, 1.0, 0.35)
    chances = [crossfitted(_policy("linucb"), log, fold, 0.1, given).chances(np.arange(200)) for given in ((), places)]
    assert [each[:, 1].mean() for each in chances] == [pytest.approx(0.05), pytest.approx(0.95, abs=0.05)]
    assert not (replayed(_policy("linucb"), log, 0.1) == replayed(_policy("linucb"), log, 0.1, places)).all()


def test_contexts_of_the_ranker_are_taken_as_they_are() -> None:
    own = np.random.default_rng(1).integers(-30, 30, (40, DIM)).astype(np.int8)
    own[:, 0] = CONSTANT_X
    assert (contexts(own / 127.0) == own).all()


@pytest.mark.parametrize("width", [0, 1, 15, 16, 60])
def test_any_contexts_become_those_of_the_ranker(width: int) -> None:
    """Contract: int8, the constant first, length at most 1, whatever the number and scale of the columns."""
    x = np.random.default_rng(2).normal(3.0, 50.0, (500, width))
    found = contexts(x)
    assert found.shape == (500, DIM)
    assert found.dtype == np.int8
    assert (found[:, 0] == CONSTANT_X).all()
    assert np.linalg.norm(found.astype(float), axis=1).max() <= 127.5
    assert (contexts(x) == found).all()


def test_arms_count_as_running_from_their_first_row_to_their_last() -> None:
    """Contract: where fewer arms were eligible than there are, those are open that the log shows around that time."""
    log = make_log(np.zeros((6, 1)), np.array([0, 0, 1, 0, 1, 1]), np.full(6, 0.5), np.zeros(6), arms=2)
    some = replace(log, eligible=np.array([1, 1, 2, 1, 1, 1]))
    found = some.open_arms(np.arange(6)).tolist()
    assert found == [[True, False], [True, False], [True, True], [True, True], [False, True], [False, True]]


def _random_log(rows: int) -> tuple[Log, NDArray[np.float64]]:
    drawn = draw(rows, 12)
    random = np.random.default_rng(13)
    action = random.integers(6, size=rows)
    clicks = drawn.rewards
    reward = (random.random(rows) < clicks[np.arange(rows), action]).astype(float)
    return make_log(drawn.log.x, action, np.full(rows, 1 / 6), reward), clicks


def _policy(name: str) -> Policy:
    return make_policy(name)
