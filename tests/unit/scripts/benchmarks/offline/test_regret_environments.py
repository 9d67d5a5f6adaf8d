"""The settings that regret is measured in."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.regret_environments import (
    ARMS,
    ROUNDS,
    contextual,
    drifting,
    entering,
    low_ctr,
)
from tideline.scripts.benchmarks.offline.regret_runs import run_best_linear


def test_environments_are_those_of_the_notes() -> None:
    """Contract: numbers drawn from the shared settings' functions, so that figures can be compared."""
    means, rng = low_ctr(3)
    assert means[:3] == pytest.approx([0.06638061, 0.01790547, 0.00946453], abs=1e-8)
    assert rng.random() == pytest.approx(0.7081447706872417, abs=1e-12)
    world = contextual(1)
    assert world.means[:2, 0] == pytest.approx([0.05507478, 0.07039566], abs=1e-8)
    assert world.rewards.sum() == 12_588


def test_the_best_linear_policy_loses_nothing_where_means_are_linear() -> None:
    """Contract: it shows what is best of what has entered; on logistic means it loses a little."""
    world = entering(0)
    linear = world._replace(means=0.3 + world.x @ np.random.default_rng(3).normal(size=(7, world.enters.size)) / 50)
    lost, shown = run_best_linear(linear)
    assert lost == pytest.approx(np.zeros(ROUNDS), abs=1e-12)
    assert (world.enters[shown] <= np.arange(ROUNDS)).all()
    assert 0.0 < run_best_linear(world)[0].sum() < 200.0


def test_a_swap_hands_the_means_on() -> None:
    was, now = contextual(2), drifting(2)
    half = ROUNDS // 2
    assert (now.means[:half] == was.means[:half]).all()
    assert (now.means[half:] == was.means[half:][:, [ARMS - 1, *range(ARMS - 1)]]).all()
