"""A world of lists whose truth is known."""

from __future__ import annotations

import pytest

from tideline.scripts.benchmarks.offline.ope_lists import LIKED, LOOKED_AT, ORDER, POSITIONS, draw_lists, truth_of_lists


def test_without_exploration_the_truth_is_that_of_the_one_list() -> None:
    total, each = truth_of_lists(0.0)
    assert total == pytest.approx(float(LIKED[list(ORDER[:POSITIONS])] @ LOOKED_AT))
    assert each == pytest.approx(total / POSITIONS)


def test_with_nothing_but_exploration_it_is_what_random_lists_earn() -> None:
    log = draw_lists(40_000, 5)
    assert log.reward.sum() / log.decisions == pytest.approx(truth_of_lists(1.0)[0], abs=0.012)
    assert log.lists
