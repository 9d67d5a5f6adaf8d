"""LinUCB beside other people's: tests/golden/peers/make.py wrote their scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.peer_log import ALPHA, ARMS, BATCH, EVENTS, KEPT, peer_log
from tideline.udfs.core.learning.learning import NO_SUMS, Decay, add
from tideline.udfs.core.learning.solving import evidence, policy_row, solve
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import stack
from tideline.udfs.core.rewards.feedback import ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray
from tests.support.policy_rows import CLICKS_ONLY, UNIT, contexts, learned, row_of, score
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.policy_table import cold_row

THEIRS = np.load(Path(__file__).parents[5] / "golden" / "peers" / "linucb.npz")
NEVER = Decay(0)


def ours() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores [N - BATCH, ARMS] from the exact sums: in float64 before anything is rounded, and as the job has them."""
    log = peer_log()
    rows = np.zeros(EVENTS, ROWS)
    rows["x"], rows["impressions"], rows["clicks"] = log.x, 1, log.click
    sums = [NO_SUMS] * ARMS
    plain, published = [], []
    for start in range(0, EVENTS, BATCH):
        here = slice(start, start + BATCH)
        if start:
            solved = [solve(evidence(each, NEVER, 0)) for each in sums]
            z = log.x[here] / 127.0
            bonus = [np.sqrt(np.einsum("ni,ij,nj->n", z, each.inverse, z)) for each in solved]
            means = [z @ each.theta[0] for each in solved]
            plain.append(np.stack(means, axis=1) + ALPHA * np.stack(bonus, axis=1))
            known = stack([policy_row(each, 1, 0.0) for each in solved], np.array([1.0, 0.0, 0.0]))
            policy, counts = make_policy(f"linucb:alpha={ALPHA}"), np.full(BATCH, ARMS)
            scores = policy.score(Contexts(log.x[here]), known, counts, np.zeros(BATCH, np.uint64))
            published.append(scores.mean + scores.bonus)
        for arm in range(ARMS):
            sums[arm] = add(sums[arm], rows[here][log.arm[here] == arm], NEVER)
    return np.concatenate(plain), np.concatenate(published)


@pytest.mark.parametrize("library", ["mabwiser", "contextual"])
def test_scores_and_choices_are_those_of_other_libraries(library: str) -> None:
    """Contract: LinUCB equals MABWiser (l2_lambda=1) and contextualbandits (float64, Cholesky) to 1e-9, same arms."""
    plain, published = ours()
    kept = plain.reshape(-1, BATCH, ARMS)[:, :KEPT].reshape(-1, ARMS)
    assert THEIRS[library].shape == kept.shape
    assert np.abs(THEIRS[library] - kept).max() < 1e-9
    assert (THEIRS[f"{library}_arms"] == plain.argmax(axis=1)).all()
    assert (THEIRS[f"{library}_arms"] == published.argmax(axis=1)).all()
    assert np.abs(published - plain).max() < 2e-6


def test_linucb_is_the_formula() -> None:
    """Contract: x'theta + alpha sqrt(x' A^-1 x), Li et al. 2010."""
    rows, theta, inverse = learned(7, 1)
    x = contexts(20, 2)
    z = x / UNIT
    expected = z @ theta.T + 0.4 * np.sqrt(np.einsum("ui,kij,uj->uk", z, inverse, z))
    assert score("linucb", 0.4, x, stack(rows, CLICKS_ONLY)) == pytest.approx(expected, abs=2e-6)


def test_with_a_huge_bonus_the_least_tried_is_first() -> None:
    """Contract: with alpha 1e6 only the width counts, whatever the expected reward."""
    thetas = [np.full(DIM, 3.0 - at) for at in range(4)]
    tried = (50, 20, 80, 5)
    rows = [row_of(theta, np.eye(DIM) / (1 + n), n, 0, 100) for theta, n in zip(thetas, tried, strict=True)]
    known = stack(rows, CLICKS_ONLY)
    for name in ("linucb", "chernoff_ucb"):
        assert np.argsort(-score(name, 1e6, contexts(3, 1), known)).tolist() == [[3, 1, 0, 2]] * 3


def test_an_untried_activity_is_as_wide_as_its_context_is_long() -> None:
    """Contract: sqrt(x'x / lambda) with lambda 1: nothing is known in any direction."""
    x = contexts(9, 3)
    width = score("linucb", 1.0, x, stack([cold_row()], CLICKS_ONLY))[:, 0]
    assert width == pytest.approx(np.linalg.norm(x / UNIT, axis=1), rel=1e-12)
