"""Sums into rows: the ridge regression, in whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.feedback_rows import FADING, HALF_LIFE_MS, NEVER, NOTHING, direct, examined, rows_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.learning import BUCKETS_PER_HALF_LIFE, Decay, add, merge
from tideline.udfs.core.learning.solving import RIDGE, Solved, evidence, policy_row, prior_row, solve
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.contextual.linucb import LinUCB
from tideline.udfs.core.policies.policy_table import cold_row, decode_row, encode_row, stack


def solved_from(
    sums: NDArray[Any], decay: Decay = NEVER, newest: int = 0, prior: NDArray[np.float64] | None = None
) -> Solved:
    return solve(evidence(sums, decay, newest), RIDGE, prior)


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("count", [0, 1, 5, 400])
def test_the_solution_is_the_ridge_regression(count: int, with_prior: bool) -> None:
    """Contract: equals least squares on the stacked rows to 1e-9, drawn to the prior with the ridge's strength."""
    rows = rows_of(count, count)
    prior = np.random.default_rng(9).normal(size=(len(OBJECTIVES), DIM)) if with_prior else None
    solved = solved_from(add(NOTHING, rows, NEVER), prior=prior)
    wanted = direct(rows, np.ones(count), np.zeros((len(OBJECTIVES), DIM)) if prior is None else prior)
    assert solved.theta == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    x = rows["x"] / 127.0
    design = RIDGE * np.eye(DIM) + (x * examined(rows)[:, None]).T @ x
    assert solved.inverse @ design == pytest.approx(np.eye(DIM), abs=1e-9)
    assert solved.counts.impressions == pytest.approx(examined(rows).sum())
    assert solved.counts.rewards[2] == pytest.approx(rows["revenue_milli"].sum() / 1000)


def test_forgetting_is_a_regression_with_weights_by_age() -> None:
    """Contract: a row weighs 2 ** -(age / half-life), its age counted in quarters of the half-life."""
    rows = rows_of(300, 7)
    buckets = FADING.bucket_of(rows["ts_ms"])
    assert np.unique(buckets).size > 2 * BUCKETS_PER_HALF_LIFE
    newest = int(buckets.max()) + 1
    quarter_ms = HALF_LIFE_MS // BUCKETS_PER_HALF_LIFE
    ages_ms = (newest - rows["ts_ms"] // quarter_ms) * quarter_ms
    weights = 2.0 ** -(ages_ms / HALF_LIFE_MS)
    solved = solved_from(add(NOTHING, rows, FADING), FADING, newest)
    assert solved.theta == pytest.approx(direct(rows, weights, np.zeros((len(OBJECTIVES), DIM))), rel=1e-9, abs=1e-9)
    assert solved.counts.impressions == pytest.approx(float(weights @ examined(rows)), rel=1e-12)


def test_the_ridge_comes_back_while_nothing_happens() -> None:
    """Contract: what fades returns to the prior; widths never exceed those of no data."""
    sums, newest = add(NOTHING, rows_of(500, 3), FADING), int(FADING.bucket_of(np.array([1_700_000_020_000]))[0])
    traces = [np.trace(solved_from(sums, FADING, newest + later).inverse) for later in (0, 10, 40, 400)]
    assert traces == sorted(traces)
    assert traces[-1] == pytest.approx(DIM / RIDGE)


@pytest.mark.parametrize("count", [0, 3, 100, 3_000])
def test_fixed_point_scores_are_those_of_linucb_in_float64(count: int) -> None:
    """Contract: rounding what is published moves no score by more than 2e-6 (A and b from the raw rows)."""
    rows, rng = rows_of(count, 5), np.random.default_rng(6)
    solved = solved_from(add(NOTHING, rows, NEVER))
    _, row = decode_row(encode_row(policy_row(solved, 3, 0.0), "a"), 1)
    contexts = rows_of(200, 8)["x"]
    alpha = float(rng.uniform(0.1, 1.0))
    known = stack([row], np.array([1.0, 0.0, 0.0]))
    scores = LinUCB(alpha=alpha).score(Contexts(contexts), known, np.ones(200, np.int64), np.zeros(200, np.uint64))

    x = rows["x"] / 127.0
    a = RIDGE * np.eye(DIM) + (x * examined(rows)[:, None]).T @ x
    theta = np.linalg.solve(a, x.T @ rows["clicks"])
    z = contexts / 127.0
    bonus = alpha * np.sqrt(np.einsum("ij,jk,ik->i", z, np.linalg.inv(a), z))
    assert np.abs(scores.mean[:, 0] - z @ theta).max() < 2e-6
    assert np.abs(scores.bonus[:, 0] - bonus).max() < 2e-6


def test_the_prior_knows_what_is_common_and_is_as_wide_as_no_data() -> None:
    solved = solved_from(merge([add(NOTHING, rows_of(200, at), NEVER) for at in (1, 2)]))
    row = prior_row(solved.theta, RIDGE, 3, solved.counts.impressions)
    assert row.inverse.tolist() == cold_row().inverse.tolist()
    assert row.theta.tolist() == np.rint(solved.theta * 2.0**24).astype(int).tolist()
    assert (row.impressions, row.rewards, row.total) == (0.0, (0.0, 0.0, 0.0), solved.counts.impressions)
