"""Propensities where users are ranked by pairs: the same of whom is drawn, whatever others stand in the batch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.core_world import KEYS, token_for
from tests.support.policy_rows import learned, seeds_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.fixed_point import THETA_UNIT
from tideline.udfs.core.lists.decision_token import propensity, verify
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM, pair_numbers
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.pair_row import pair_row
from tideline.udfs.core.policies.policy_table import stack
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import propensities, rank

NAMES = ["a", "b", "c", "d", "e"]
MASK = np.array([True, True, True, False, True])
USERS, DRAWS, SIZE, EXPLORATION = 3, 12_000, 3, 0.2
POLICY = make_policy("pairs:alpha=0")
SHARED = pair_row(np.random.default_rng(5).normal(size=PAIR_DIM) * 3, np.eye(PAIR_DIM), 0.2)
ROWS = [row._replace(by_click=(1.0, 0.0, 0.0)) for row in learned(len(NAMES), 3)[0]]
KNOWN = stack(ROWS, np.array([1.0, 0.0, 0.0]), SHARED)
PAIRS = np.random.default_rng(6).integers(0, 1 << 24, (USERS, len(NAMES))).astype(np.uint32)
X = np.tile(np.array([90, 5, *[0] * (DIM - 2)], np.int8), (USERS, 1))


def best_first(user: int) -> list[int]:
    """Who is eligible, by z'w + x'r in floating point."""
    z, x = pair_numbers(PAIRS[user]) / 127, X[user] / 127
    scores = z @ (SHARED.theta * THETA_UNIT) + np.array([row.theta[0] for row in ROWS]) @ x * THETA_UNIT
    return [at for at in np.argsort(-scores).tolist() if MASK[at]]


def by_the_rule(order: tuple[int, ...], best: list[int]) -> float:
    """Position by position: the best that remains, or one of all that remain at random."""
    remaining, chance = list(best), 1.0
    for number in order:
        chance *= (1 - EXPLORATION) * (number == remaining[0]) + EXPLORATION / len(remaining)
        remaining.remove(number)
    return chance


def test_users_of_one_context_differ_by_their_pairs_alone() -> None:
    assert len({tuple(best_first(user)) for user in range(USERS)}) == USERS


def test_lists_by_pairs_come_with_the_probabilities_of_their_tokens() -> None:
    """Contract: each list of each user occurs as often as its token says, position by position (chi-square); the token
    has the pair of each entry as it was scored."""
    who = np.tile(np.arange(USERS), DRAWS)
    mask = np.tile(MASK, (who.size, 1))
    found = rank(POLICY, KNOWN, Contexts(X[who], PAIRS[who]), mask, seeds_of(who.size), ListForm(SIZE, EXPLORATION))
    for user in range(USERS):
        orders = [tuple(order) for order in found.order[who == user].tolist()]
        marks = dict(zip(orders, found.explored[who == user].tolist(), strict=True))
        chance = {}
        for order, explored in marks.items():
            text = token_for(
                "u", NAMES, eligible=np.array([4]), exploration_permille=200, explored=np.array([explored]),
                order=np.array([order]), pairs=PAIRS[user, list(order)][None],
            )  # fmt: skip
            token = verify(text, "u", KEYS)
            chance[order] = math.prod(propensity(token, position) for position in range(SIZE))
            assert chance[order] == pytest.approx(by_the_rule(order, best_first(user)), rel=1e-12)
            assert [token.pair_at(position) for position in range(SIZE)] == PAIRS[user, list(order)].tolist()
        assert len(chance) == 4 * 3 * 2
        assert sum(chance.values()) == pytest.approx(1.0, abs=1e-12)
        counts = {order: orders.count(order) for order in chance}
        squares = sum((counts[order] - DRAWS * chance[order]) ** 2 / (DRAWS * chance[order]) for order in chance)
        assert squares < 23 + 5 * math.sqrt(2 * 23)


@pytest.mark.parametrize("text", ["pairs", "pairs:alpha=10"])
def test_the_first_position_by_pairs_is_drawn_with_the_stated_probabilities(text: str) -> None:
    """Contract: propensities of each user of a batch sum to 1 over who is eligible, and are those that are used."""
    policy, who = make_policy(text), np.tile(np.arange(USERS), DRAWS)
    stated = propensities(policy, KNOWN, Contexts(X, PAIRS), np.tile(MASK, (USERS, 1)), EXPLORATION)
    assert stated.sum(axis=1) == pytest.approx(np.ones(USERS))
    assert not stated[:, ~MASK].any()
    mask = np.tile(MASK, (who.size, 1))
    found = rank(policy, KNOWN, Contexts(X[who], PAIRS[who]), mask, seeds_of(who.size), ListForm(1, EXPLORATION))
    for user in range(USERS):
        counts = np.bincount(found.order[who == user, 0], minlength=len(NAMES))[MASK]
        expected = DRAWS * stated[user, MASK]
        assert ((counts - expected) ** 2 / expected).sum() < 3 + 5 * math.sqrt(2 * 3)
