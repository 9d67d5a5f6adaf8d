"""The product's own policies, learned from a log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.ope_world import draw, make_log
from tideline.udfs.core.catalogue.activity_features import FEATURES
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.evaluation.evaluation import evaluate
from tideline.udfs.core.evaluation.learned import contexts, crossfitted, learning, replayed
from tideline.udfs.core.evaluation.log import LoggedFeedback, folds
from tideline.udfs.core.policies.base import Policy
from tideline.udfs.core.policies.by_name import POLICIES, make_policy

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


def test_a_log_is_learned_from_with_its_pairs() -> None:
    """Contract: each row has the pair that was scored; a log that tells none has 0."""
    log = draw(50, 5).log
    told = replace(log, pair=np.arange(2**24 - log.rows, 2**24, dtype=np.uint32))
    assert learning(told).rows(range(log.rows))["pair"].tolist() == list(range(2**24 - log.rows, 2**24))
    assert not learning(log).rows(range(log.rows))["pair"].any()


def test_all_outcomes_are_learned_where_the_log_tells_them_and_worths_say_what_counts() -> None:
    """Contract: clicks, conversions, revenue in thousandths; worths of an arm alone change how often it is shown."""
    log = draw(600, 6).log
    outcomes = np.column_stack([np.arange(600) % 2, np.arange(600) % 4 == 1, np.arange(600) / 3.0])
    told = replace(log, outcomes=outcomes)
    rows = learning(told).rows(range(told.rows))
    assert rows["clicks"].tolist() == outcomes[:, 0].tolist()
    assert rows["conversions"].tolist() == outcomes[:, 1].tolist()
    assert rows["revenue_milli"].tolist() == np.rint(outcomes[:, 2] * 1000).tolist()
    worths = np.tile([1.0, 0.0, 0.0], (len(log.arms), 1))
    kept = _shown(told, worths)
    worths[2] = [0.0, -1.0, 0.0]
    assert _shown(told, worths)[2] < kept[2]
    assert kept == pytest.approx(_shown(replace(log, reward=outcomes[:, 0]), None)), "clicks alone are clicks alone"


def _shown(log: LoggedFeedback, worths: NDArray[np.float64] | None) -> NDArray[np.float64]:
    target = crossfitted(_policy("linucb"), log, folds(log, 5), 0.0, worths=worths)
    found: NDArray[np.float64] = target.chances(np.arange(log.rows)).mean(axis=0)
    return found


@pytest.mark.parametrize("name", sorted(name for name, policy in POLICIES.items() if not policy.reads_pairs))
def test_every_policy_that_reads_no_pairs_can_be_judged(name: str) -> None:
    log = draw(600, 6).log
    target = crossfitted(_policy(name), log, folds(log, 5), 0.1)
    found = target.chances(np.arange(100))
    assert found.sum(axis=1) == pytest.approx(np.ones(100))
    assert found.min() == pytest.approx(0.1 / 6)
    assert 50 < replayed(_policy(name), _random_log(600)[0], 0.1).sum() < 200


def test_a_policy_that_shares_by_features_is_judged_with_those_of_the_log() -> None:
    """Contract: others' features change what `linucb_hybrid` would show, and nothing of a policy without."""
    log = draw(600, 6).log
    random = np.random.default_rng(4)
    features = random.integers(-60, 60, (len(log.arms), FEATURES)).astype(np.int8)
    told = replace(log, features=features)
    for name, same in (("linucb_hybrid:shared_ridge=0.25", False), ("linucb", True)):
        one, two = (
            crossfitted(_policy(name), each, folds(log, 5), 0.1).chances(np.arange(600)) for each in (log, told)
        )
        assert (one == two).all() == same


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


def _random_log(rows: int) -> tuple[LoggedFeedback, NDArray[np.float64]]:
    drawn = draw(rows, 12)
    random = np.random.default_rng(13)
    action = random.integers(6, size=rows)
    clicks = drawn.rewards
    reward = (random.random(rows) < clicks[np.arange(rows), action]).astype(float)
    return make_log(drawn.log.x, action, np.full(rows, 1 / 6), reward), clicks


def _policy(name: str) -> Policy:
    return make_policy(name)
