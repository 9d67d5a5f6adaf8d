"""The reward model of the direct method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.ope_world import make_log
from tideline.udfs.core.evaluation.log import LoggedFeedback, folds
from tideline.udfs.core.evaluation.reward_model import Features, fit


def a_log(rows: int = 4_000) -> LoggedFeedback:
    """Arm 1 earns with x, arm 0 against it."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(rows, 2))
    action = rng.integers(0, 2, rows)
    expected = 0.5 + 0.2 * np.where(action == 1, x[:, 0], -x[:, 0])
    reward = (rng.random(rows) < expected).astype(float)
    return make_log(x, action, np.full(rows, 0.5), reward, arms=2)


def test_every_arm_is_foretold_by_its_context() -> None:
    """Contract: within sampling error of the truth, and never outside what was ever earned."""
    log = a_log()
    rows = np.arange(log.rows)
    guess = fit(log, folds(log, 5)).predict(rows)
    truth = 0.5 + 0.2 * np.stack([-log.x[:, 0], log.x[:, 0]], axis=1)
    assert np.abs(guess - np.clip(truth, 0.0, 1.0)).mean() < 0.04
    assert guess.min() >= 0.0
    assert guess.max() <= 1.0


def test_what_is_foretold_for_a_fold_does_not_see_it() -> None:
    """Contract: another reward in a fold changes what is foretold in the others, and nothing there."""
    log = a_log(400)
    fold = folds(log, 4)
    reward = log.reward.copy()
    changed = int(np.flatnonzero(fold == 0)[0])
    reward[changed] = 1.0 - reward[changed]
    before, after = fit(log, fold), fit(replace(log, reward=reward), fold)
    assert np.array_equal(before.coefficients[0], after.coefficients[0])
    assert not np.array_equal(before.coefficients[1], after.coefficients[1])


def test_features_are_a_constant_the_varying_columns_and_the_places() -> None:
    """Contract: mean 0 and spread 1; a column that never changes says nothing and is left out."""
    x = np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]])
    found = Features.of(x, np.array([0, 1, 2])).of_rows(np.arange(3))
    assert found[:, 0].tolist() == [1.0, 1.0, 1.0]
    assert found[:, 1] == pytest.approx(np.array([-1.5, 0.0, 1.5]) * np.sqrt(2.0 / 3.0))
    assert found[:, 2:].tolist() == [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
