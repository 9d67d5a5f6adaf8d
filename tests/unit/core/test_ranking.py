"""The ranking pass: who is on the list, in which order, and with which probability."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.core_world import KEYS, token_for
from udfs.core.decision_token import propensity, verify
from udfs.core.policy import make_policy
from udfs.core.policy.base import Policy, Scores
from udfs.core.policy_table import Coefficients, stack
from udfs.core.ranking import Ranked, rank
from udfs.core.seeded import decision_seeds, uniform
from udfs.core.user_state import DIM

NOTHING_KNOWN: Coefficients = stack([], np.ones(3))


class Fixed(Policy):
    """Scores that a test states."""

    name = "fixed"

    def __init__(self, scores: NDArray[np.float64]) -> None:
        super().__init__(1.0)
        self._scores = scores

    def score(
        self, x: NDArray[np.int8], known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
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
    return rank(Fixed(table), NOTHING_KNOWN, np.zeros((users, DIM), np.int8), may, seeds, size, exploration)


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
            assert listed == sorted(may, key=lambda number: (-scores[row, number], number))[:size]
            assert not found.explored.any()


def test_ties_go_to_the_lower_number() -> None:
    """Contract: numbers follow ids, so the lower id wins; differences below 1e-9 are ties."""
    assert rank_of([0.5, 0.5 + 1e-11, 0.5, 0.2]).order.tolist() == [[0, 1, 2]]
    assert rank_of([0.5, 0.5 + 1e-8, 0.5, 0.2]).order.tolist() == [[1, 0, 2]]


def test_absurd_scores_are_ranked_and_not_wrapped() -> None:
    assert rank_of([-1e30, 1e30, 0.0, 70_000.0], size=4).order.tolist() == [[1, 3, 2, 0]]


def test_no_activities_make_empty_lists() -> None:
    found = rank(
        make_policy("linucb", 1.0), NOTHING_KNOWN, np.zeros((2, DIM), np.int8), np.zeros((2, 0), np.bool_),
        np.zeros(2, np.uint64), 10, 0.5,
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
    """Contract: each list of a decision occurs as often as the product of its slots' propensities says (chi-square)."""
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
            chance[order] = math.prod(propensity(token, slot) for slot in range(size))
            assert chance[order] == pytest.approx(by_the_rule(order, [0, 1, 2, 4], exploration), rel=1e-12)
    assert len(chance) == 4 * 3 * 2
    assert sum(chance.values()) == pytest.approx(1.0, abs=1e-12)
    squares = sum((counts[order] - draws * chance[order]) ** 2 / (draws * chance[order]) for order in chance)
    assert squares < 23 + 5 * math.sqrt(2 * 23)


def by_the_rule(order: tuple[int, ...], best: list[int], exploration: float) -> float:
    """The probability of a list: slot by slot, the best that remains or one of all that remain at random."""
    remaining, chance = list(best), 1.0
    for number in order:
        chance *= (1 - exploration) * (number == remaining[0]) + exploration / len(remaining)
        remaining.remove(number)
    return chance


def test_exploration_draws_from_all_that_are_eligible() -> None:
    """Contract: the least likely activity is drawn into the first slot as often as any other."""
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
