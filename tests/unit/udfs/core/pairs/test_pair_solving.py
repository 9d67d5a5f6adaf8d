"""One regression for all pairs, and a rest for each activity."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tideline.udfs.core.context import DIM
from tideline.udfs.core.pairs.holding import PairEvidence
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM
from tideline.udfs.core.pairs.pair_solving import (
    GRID,
    SHARED,
    SHARED_CONSTANT,
    UNKNOWN,
    held_by,
    noise_variance,
    shared_parts,
    solve_rests,
    solve_shared_pairs,
)

KINDS = 6


def drawn(rows: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    v = random.normal(size=(rows, PAIR_DIM + DIM)) / 2
    v[:, 0], v[:, PAIR_DIM] = 1.0, 90 / 127
    return random.integers(0, KINDS, rows), v


def evidence(kind: NDArray[np.int64], v: NDArray[np.float64], clicks: NDArray[np.float64]) -> PairEvidence:
    parts = []
    for each in range(KINDS):
        mine, clicked = v[kind == each], clicks[kind == each]
        z, x = mine[:, :PAIR_DIM], mine[:, PAIR_DIM:]
        parts.append((z.T @ z, z.T @ x, x.T @ x, z.T @ clicked, x.T @ clicked))
    return PairEvidence(*(np.array(column) for column in zip(*parts, strict=True)))


def test_it_is_the_joint_regression_solved_in_parts() -> None:
    """Contract: w, C^-1 and the rests are those of one ridge regression over (z, x of each activity), solved whole."""
    kind, v = drawn(400, 1)
    clicks = (np.random.default_rng(2).random(400) < 0.3).astype(float)
    found, held = evidence(kind, v, clicks), (7.0, 40.0)
    shared = solve_shared_pairs(shared_parts(found, held).sum(axis=0), 0.2, held)
    rests = solve_rests(shared, found)
    design = np.zeros((400, PAIR_DIM + KINDS * DIM))
    design[:, :PAIR_DIM] = v[:, :PAIR_DIM]
    for row, each in enumerate(kind.tolist()):
        design[row, PAIR_DIM + each * DIM :][:DIM] = v[row, PAIR_DIM:]
    own = [held[0], *[held[1]] * (DIM - 1)]
    ridge = np.array([SHARED_CONSTANT, *[SHARED] * (PAIR_DIM - 1), *own * KINDS])
    inverse = np.linalg.inv(np.diag(ridge) + design.T @ design)
    theta = inverse @ design.T @ clicks
    assert shared.theta == pytest.approx(theta[:PAIR_DIM])
    assert shared.inverse == pytest.approx(inverse[:PAIR_DIM, :PAIR_DIM])
    assert rests.theta.ravel() == pytest.approx(theta[PAIR_DIM:])


def test_nothing_learned_is_nothing_expected_and_much_doubt() -> None:
    """Contract: of no evidence, w is 0 and as wide as it is held."""
    shared = solve_shared_pairs(np.zeros((PAIR_DIM, PAIR_DIM + 1)), noise_variance(0.0, 0.0), UNKNOWN)
    assert not shared.theta.any()
    assert np.diag(shared.inverse).tolist() == [1 / SHARED_CONSTANT, *[1 / SHARED] * (PAIR_DIM - 1)]
    assert 0.0 < shared.noise < 0.5


@pytest.mark.parametrize(("spread", "strongest"), [(0.0, 1e3), (0.8, 10.0)])
def test_rests_are_held_as_the_data_say(spread: float, strongest: float) -> None:
    """Contract: activities that differ in nothing are held to nothing, those that differ much are hardly held."""
    random = np.random.default_rng(5)
    kind, v = drawn(6_000, 5)
    level = 0.4 + spread * np.linspace(-0.5, 0.5, KINDS)
    clicks = (random.random(6_000) < level[kind]).astype(float)
    held = held_by(evidence(kind, v, clicks), float(clicks.sum()), 0.24)
    assert held in GRID
    assert held[0] >= strongest if not spread else held[0] <= strongest


def test_a_few_clicks_tell_nothing_of_it() -> None:
    kind, v = drawn(50, 3)
    assert held_by(evidence(kind, v, np.zeros(50)), 3.0, 0.1) == UNKNOWN


def test_activities_that_please_different_people_are_hardly_held() -> None:
    """Contract: where who clicks what is a matter of x alone, rests move as freely as 5 impressions let them."""
    random = np.random.default_rng(6)
    kind, v = drawn(6_000, 6)
    taste = random.normal(size=(KINDS, DIM)) * 0.3
    chance = np.clip(0.5 + (v[:, PAIR_DIM:] * taste[kind]).sum(axis=1), 0.0, 1.0)
    clicks = (random.random(6_000) < chance).astype(float)
    assert held_by(evidence(kind, v, clicks), float(clicks.sum()), 0.25)[1] <= 5.0
