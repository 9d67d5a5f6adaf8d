"""A world of choices whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.ope_world import ARMS, draw, truth


def test_a_log_is_what_its_seed_says() -> None:
    one, two, other = draw(500, 1).log, draw(500, 1).log, draw(500, 2).log
    assert np.array_equal(one.action, two.action)
    assert not np.array_equal(one.action, other.action)
    assert set(one.action) <= set(range(ARMS))


def test_logged_rewards_are_the_expected_ones_of_what_was_shown() -> None:
    """Contract: the mean of clicks agrees with that of their chances, and both policies differ in worth."""
    drawn = draw(50_000, 3)
    chosen = drawn.rewards[np.arange(drawn.log.rows), drawn.log.action]
    assert drawn.log.reward.mean() == pytest.approx(chosen.mean(), abs=0.007)
    assert truth() > chosen.mean() + 0.01
