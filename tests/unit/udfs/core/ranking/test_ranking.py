"""The ranking pass: who is on the list, in which order, and with which probability."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.core_world import KEYS, token_for
from tideline.udfs.core.context import DIM
from tideline.udfs.core.counter_random import decision_seeds, shuffle_keys, shuffled, uniform, unshuffled
from tideline.udfs.core.fixed_point import INVERSE_UNIT, THETA_UNIT
from tideline.udfs.core.lists.decision_token import propensity, verify
from tideline.udfs.core.policies.base import Contexts, Policy, Scores
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import Coefficients, stack
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import Ranked, propensities, rank, rank_scores
from tideline.udfs.core.ranking.sort_keys import MAX_ACTIVITIES

NOTHING_KNOWN: Coefficients = stack([], np.ones(3))


class Fixed(Policy):
    """Scores that a test states."""

    name = "fixed"

    def __init__(self, scores: NDArray[np.float64]) -> None:
        super().__init__()
        self._scores = scores

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """Return the stated scores, half as mean."""
        return Scores(self._scores / 2, self._scores / 2)


def rank_of(
    scores: object, mask: object = None, size: int = 3, exploration: float = 0.0, first_seed: int = 0
) -> Ranked:
    table = np.atleast_2d(np.array(scores, np.float64))
    users = table.shape[0]
    may = np.ones(table.shape, np.bool_) if mask is None else np.atleast_2d(np.array(mask, np.bool_))
    numbers = np.arange(first_seed, first_seed + users)
    seeds = decision_seeds(numbers.astype(np.uint64), numbers, numbers, 1)
    form = ListForm(size, exploration)
    return rank(Fixed(table), NOTHING_KNOWN, Contexts(np.zeros((users, DIM), np.int8)), may, seeds, form)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 40), st.integers(1, 16), st.sampled_from([0, 0.5]))
def test_a_list_is_the_best_of_the_eligible(seed: int, users: int, count: int, size: int, exploration: float) -> None:
    """Contract: as long as there are eligible activities, none twice, no other; without exploration best first."""
    rng = np.random.default_rng(seed)
    scores, mask = rng.integers(-3, 4, (users, count)) / 7, rng.random((users, count)) < rng.random()
    found = rank_of(scores.reshape(users, count), mask.reshape(users, count), size, exploration, seed % 1000)
    for row in range(users):
        may = [number for number in range(count) if mask[row, number]]
        listed = [number for number in found.order[row].tolist() if number >= 0]
        assert found.eligible[row] == len(may)
        assert found.order.shape == (users, min(size, count))
        assert found.order[row].tolist() == listed + [-1] * (found.order.shape[1] - len(listed))
        assert len(listed) == len(set(listed)) == min(size, len(may))
        assert set(listed) <= set(may)
        if not exploration:
            best = sorted((float(scores[row, number]) for number in may), reverse=True)[:size]
            assert [float(scores[row, number]) for number in listed] == best
            assert not found.explored.any()


def test_scores_are_compared_in_steps_of_a_billionth() -> None:
    assert rank_of([0.5, 0.5 + 1e-8, 0.4, 0.2]).order.tolist() == [[1, 0, 2]]
    first = rank_of(np.tile([0.5, 0.5 + 1e-11, 0.2], (400, 1)), size=1).order[:, 0]
    assert 140 < (first == 0).sum() < 260


@pytest.mark.parametrize("count", [2, 3, 5, 20, 70])
def test_equal_scores_favour_nobody(count: int) -> None:
    """Contract: among equals each activity is first, and last, as often as any other (chi-square)."""
    draws = 400 * count
    order = rank_of(np.zeros((draws, count)), size=count).order
    for place in (0, -1):
        counts = np.bincount(order[:, place], minlength=count)
        assert ((counts - 400) ** 2 / 400).sum() < count - 1 + 5 * math.sqrt(2 * (count - 1))


def test_pairs_of_equals_are_in_either_order() -> None:
    """Contract: three equals come in all six orders alike, wherever they stand in the catalogue."""
    draws = 6_000
    scores = np.zeros((draws, 1_000))
    scores[:, [3, 4, 900]] = 1.0
    counts = np.unique(rank_of(scores, size=3).order, axis=0, return_counts=True)[1]
    assert counts.size == 6
    assert ((counts - draws / 6) ** 2 / (draws / 6)).sum() < 5 + 5 * math.sqrt(2 * 5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_an_order_of_numbers_can_be_undone(seed: int) -> None:
    """Contract: each number has a place of its own, and the place tells the number."""
    keys = shuffle_keys(decision_seeds(np.arange(3, dtype=np.uint64), np.full(3, seed), np.arange(3), 1))
    places = shuffled(keys, np.arange(MAX_ACTIVITIES, dtype=np.uint16))
    assert (np.sort(places, axis=1) == np.arange(MAX_ACTIVITIES)).all()
    assert (unshuffled(keys, places) == np.arange(MAX_ACTIVITIES)).all()


def test_many_activities_are_ranked_as_few_are() -> None:
    """Contract: the search in groups finds the best, with ties, holes and hardly anyone eligible too."""
    rng = np.random.default_rng(5)
    scores = np.round(rng.normal(size=(60, 2_111)), 2)
    mask = rng.random(scores.shape) < np.repeat([0.001, 0.01, 1.0], 20)[:, None]
    found = rank_of(scores, mask, size=12)
    for row in range(60):
        best = np.sort(scores[row][mask[row]])[::-1][:12]
        listed = found.order[row][found.order[row] >= 0]
        assert scores[row][listed].tolist() == best.tolist()
        assert mask[row][listed].all()
        assert len(set(listed.tolist())) == listed.size


def test_an_untried_activity_comes_before_every_tried_one() -> None:
    """Contract: an infinite bonus ranks first and is neither lost nor wrapped."""
    assert rank_of([1.0, math.inf, 65_000.0], size=2).order.tolist() == [[1, 2]]


def test_absurd_scores_are_ranked_and_not_wrapped() -> None:
    assert rank_of([-1e30, 1e30, 0.0, 70_000.0], size=4).order.tolist() == [[1, 3, 2, 0]]


def test_no_activities_make_empty_lists() -> None:
    found = rank(
        make_policy("linucb"), NOTHING_KNOWN, Contexts(np.zeros((2, DIM), np.int8)), np.zeros((2, 0), np.bool_),
        np.zeros(2, np.uint64), ListForm(10, 0.5),
    )  # fmt: skip
    assert (found.order.shape, found.eligible.tolist(), found.explored.tolist()) == ((2, 0), [0, 0], [0, 0])


def test_a_list_is_the_same_in_any_batch() -> None:
    """Contract: exploration and ties of a user do not depend on the others of the batch."""
    scores = np.round(np.random.default_rng(3).random((200, 12)), 1)
    together = rank_of(scores, size=5, exploration=0.2)
    assert together.explored.any()
    for row in range(200):
        alone = rank_of(scores[row], size=5, exploration=0.2, first_seed=row)
        assert alone.order[0].tolist() == together.order[row].tolist()
        assert alone.explored[0] == together.explored[row]


def test_lists_come_with_the_stated_probabilities() -> None:
    """Contract: each list of a decision occurs as often as its positions' propensities multiplied say (chi-square)."""
    draws, size, exploration = 15_000, 3, 0.25
    scores = np.tile([0.9, 0.8, 0.7, 0.6, 0.5], (draws, 1))
    mask = np.tile([True, True, True, False, True], (draws, 1))
    found = rank_of(scores, mask, size, exploration)
    names = ["a", "b", "c", "d", "e"]
    counts: dict[tuple[int, ...], int] = {}
    chance: dict[tuple[int, ...], float] = {}
    for order, explored in zip(map(tuple, found.order.tolist()), found.explored.tolist(), strict=True):
        counts[order] = counts.get(order, 0) + 1
        if order not in chance:
            text = token_for(
                "u", names, eligible=np.array([4]), exploration_permille=250, explored=np.array([explored]),
                order=np.array([order]),
            )  # fmt: skip
            token = verify(text, "u", KEYS)
            chance[order] = math.prod(propensity(token, position) for position in range(size))
            assert chance[order] == pytest.approx(by_the_rule(order, [0, 1, 2, 4], exploration), rel=1e-12)
    assert len(chance) == 4 * 3 * 2
    assert sum(chance.values()) == pytest.approx(1.0, abs=1e-12)
    squares = sum((counts[order] - draws * chance[order]) ** 2 / (draws * chance[order]) for order in chance)
    assert squares < 23 + 5 * math.sqrt(2 * 23)


def by_the_rule(order: tuple[int, ...], best: list[int], exploration: float) -> float:
    """The probability of a list: position by position, the best that remains or one of all that remain at random."""
    remaining, chance = list(best), 1.0
    for number in order:
        chance *= (1 - exploration) * (number == remaining[0]) + exploration / len(remaining)
        remaining.remove(number)
    return chance


def test_exploration_draws_from_all_that_are_eligible() -> None:
    """Contract: the least likely activity is drawn into the first position as often as any other."""
    found = rank_of(np.tile(np.arange(50.0), (5_000, 1)), size=2, exploration=1.0)
    counts = np.bincount(found.order[:, 0], minlength=50)
    assert ((counts - 100) ** 2 / 100).sum() < 49 + 5 * math.sqrt(2 * 49)


def test_random_numbers_are_uniform_and_separate_by_stream() -> None:
    seeds = decision_seeds(np.arange(5_000, dtype=np.uint64), np.full(5_000, 17), np.ones(5_000, np.int64), 3)
    first, second = uniform(seeds, 8), uniform(seeds, 8, stream=1)
    counts = np.histogram(first, bins=100, range=(0, 1))[0]
    assert ((counts - 400) ** 2 / 400).sum() < 99 + 5 * math.sqrt(2 * 99)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 4.5 / 200
    assert ((first >= 0) & (first < 1)).all()


def test_a_seed_depends_on_user_version_and_salt() -> None:
    """Contract: another user, time, update or deployment draws anew."""
    one = np.array([1], np.uint64)
    seeds = [
        int(decision_seeds(user, np.array([as_of]), np.array([seq]), salt)[0])
        for user, as_of, seq, salt in (
            (one, 5, 6, 7),
            (one + one, 5, 6, 7),
            (one, 4, 6, 7),
            (one, 5, 5, 7),
            (one, 5, 6, 8),
        )
    ]
    assert len(set(seeds)) == 5


@pytest.mark.parametrize("text", ["linucb", "thompson:alpha=0.5", "softmax:temperature=0.2", "kl_ucb"])
def test_the_first_position_is_drawn_with_the_stated_probabilities(text: str) -> None:
    """Contract: propensities sum to 1 over who is eligible, and are those that are used (chi-square)."""
    draws, exploration, policy = 20_000, 0.1, make_policy(text)
    known = learned_by(6)
    x = np.zeros((1, DIM), np.int8)
    x[0, :3] = (90, 30, -20)
    mask = np.array([[True, True, True, True, False, True]])
    chances = propensities(policy, known, Contexts(x), mask, exploration)[0]
    assert chances.sum() == pytest.approx(1.0, abs=1e-9)
    assert chances[4] == 0.0
    numbers = np.arange(draws)
    seeds = decision_seeds(numbers.astype(np.uint64), numbers, numbers, 1)
    contexts, form = Contexts(x.repeat(draws, axis=0)), ListForm(1, exploration)
    found = rank(policy, known, contexts, mask.repeat(draws, axis=0), seeds, form)
    counts = np.bincount(found.order[:, 0], minlength=6)[mask[0]]
    expected = draws * chances[mask[0]]
    assert ((counts - expected) ** 2 / expected).sum() < 4 + 5 * math.sqrt(2 * 4)


def learned_by(count: int) -> Coefficients:
    """Activities between whose scores there is some doubt; two of them were never tried."""
    rng = np.random.default_rng(8)
    inverse = np.tile(np.eye(DIM)[np.triu_indices(DIM)], (count, 1)) / np.arange(1, count + 1)[:, None]
    tried = np.array([9.0, 0.0, 40.0, 0.0, 5.0, 30.0])
    return Coefficients(
        theta=np.rint(rng.normal(size=(count, DIM)) * 0.3 / THETA_UNIT),
        inverse=np.rint(inverse / INVERSE_UNIT),
        impressions=tried,
        total=np.full(count, 84.0),
        clicks=np.minimum(tried, 4.0),
    )


def test_nobody_eligible_has_no_chance() -> None:
    for text in ("linucb", "thompson", "softmax", "ucb_v"):
        x, mask = np.full((1, DIM), 9, np.int8), np.zeros((1, 6), np.bool_)
        assert not propensities(make_policy(text), learned_by(6), Contexts(x), mask, 0.1).any()


def test_scores_that_are_known_are_ranked_like_a_policys() -> None:
    """The same list, ties and exploration, whoever made the scores."""
    scores = np.random.default_rng(8).integers(0, 4, (50, 30)) / 4.0
    mask = np.random.default_rng(9).random((50, 30)) < 0.7
    seeds = decision_seeds(np.arange(50, dtype=np.uint64), np.arange(50), np.zeros(50, np.int64), 3)
    x = np.zeros((50, DIM), np.int8)
    by_policy = rank(Fixed(scores), NOTHING_KNOWN, Contexts(x), mask, seeds, ListForm(10, 0.1))
    by_score = rank_scores(scores.copy(), mask, seeds, ListForm(10, 0.1))
    assert all((one == other).all() for one, other in zip(by_policy, by_score, strict=True))
