"""One regression for all pairs, and a rest for each activity."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.learning import IMPRESSION_UNIT
from tideline.udfs.core.pairs.pair_model import SHARED, SHARED_CONSTANT, UNKNOWN, PairModel, score_pairs, solve_pairs
from tideline.udfs.core.pairs.pair_numbers import NUMBERS
from tideline.udfs.core.pairs.pair_sums import SIZE, PairSums, add_pairs, no_sums

KINDS = 6


def drawn(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    random = np.random.default_rng(seed)
    v = random.integers(-60, 100, (rows, SIZE)).astype(np.int8)
    v[:, 0], v[:, NUMBERS] = 127, 90
    return random.integers(0, KINDS, rows), v


def learned(activity: np.ndarray, v: np.ndarray, clicks: np.ndarray) -> PairSums:  # type: ignore[type-arg]
    sums = no_sums(KINDS)
    rewards = np.zeros((activity.size, 3), np.int64)
    rewards[:, 0] = clicks
    add_pairs(sums, activity, v, np.full(activity.size, IMPRESSION_UNIT), rewards)
    return sums


def scores(model: PairModel, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    numbers = np.repeat(v[:, None, :NUMBERS], KINDS, axis=1)
    return score_pairs(model, numbers, v[:, NUMBERS:])


def test_it_is_the_joint_regression_solved_in_parts() -> None:
    """Means and widths are those of one ridge regression over (z, x of each activity), solved whole."""
    activity, v = drawn(400, 1)
    clicks = (np.random.default_rng(2).random(400) < 0.3).astype(np.int64)
    model = solve_pairs(learned(activity, v, clicks))
    design = np.zeros((400, NUMBERS + KINDS * DIM))
    design[:, :NUMBERS] = v[:, :NUMBERS] / 127
    for row, kind in enumerate(activity.tolist()):
        design[row, NUMBERS + kind * DIM :][:DIM] = v[row, NUMBERS:] / 127
    own = np.full(DIM, model.held[1])
    own[0] = model.held[0]
    ridge = np.concatenate([[SHARED_CONSTANT], np.full(NUMBERS - 1, SHARED), np.tile(own, KINDS)])
    inverse = np.linalg.inv(np.diag(ridge) + design.T @ design)
    theta = inverse @ design.T @ clicks
    mean, doubt = scores(model, v)
    at = np.arange(400), activity
    assert mean[at] == pytest.approx(design @ theta)
    assert doubt[at] == pytest.approx(model.noise * np.sqrt(np.einsum("ri,ij,rj->r", design, inverse, design)))


def test_nothing_learned_is_nothing_expected_and_much_doubt() -> None:
    model = solve_pairs(no_sums(KINDS))
    mean, doubt = scores(model, drawn(3, 1)[1])
    assert not mean.any()
    assert (doubt > 0.05).all()
    assert model.held == UNKNOWN


def test_a_new_activity_starts_from_what_all_have_in_common() -> None:
    """Without an impression it expects what its pair numbers say, in more doubt than one that is known."""
    activity, v = drawn(4_000, 3)
    activity = activity % (KINDS - 1)
    clicks = np.random.default_rng(4).random(4_000) < 0.1 + 0.3 * (v[:, 1] > 30)
    model = solve_pairs(learned(activity, v, clicks))
    mean, doubt = scores(model, v[:200])
    likely = v[:200, 1] > 30
    assert mean[likely, KINDS - 1].mean() > mean[~likely, KINDS - 1].mean() + 0.15
    assert doubt[:, KINDS - 1].mean() > doubt[:, : KINDS - 1].mean()


def test_rests_are_held_as_strongly_as_the_data_say() -> None:
    """Weakly where activities have levels of their own, firmly where they have none."""
    activity, v = drawn(6_000, 5)
    random = np.random.default_rng(6)
    alike = solve_pairs(learned(activity, v, random.random(6_000) < 0.2))
    levels = np.array([0.02, 0.5, 0.05, 0.4, 0.1, 0.3])[activity]
    unlike = solve_pairs(learned(activity, v, random.random(6_000) < levels))
    assert unlike.held[0] < alike.held[0]
    taste = 0.2 + 0.2 * np.sign(v[:, NUMBERS + 1]) * np.where(activity % 2, 1, -1)
    contextual = solve_pairs(learned(activity, v, random.random(6_000) < taste))
    assert contextual.held[1] < alike.held[1]


def test_what_comes_with_a_click_is_drawn_to_that_of_all() -> None:
    """An activity without clicks has what all have together; clicks themselves count one."""
    sums = no_sums(2)
    add_pairs(
        sums,
        np.zeros(1, np.int64),
        np.full((1, SIZE), 90, np.int8),
        np.array([IMPRESSION_UNIT]),
        np.array([[40, 10, 5_000]]),
    )
    model = solve_pairs(sums)
    assert model.rewards_by_click[1].tolist() == [1.0, 0.25, 0.125]
    assert model.rewards_by_click[0].tolist() == pytest.approx([1.0, 0.25, 0.125])
