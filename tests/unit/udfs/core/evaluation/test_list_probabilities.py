"""Where the entries of a list stand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tideline.udfs.core.evaluation.list_probabilities import position_chances


@pytest.mark.parametrize(("arms", "positions"), [(4, 3), (3, 3), (2, 3), (6, 2)])
@pytest.mark.parametrize("exploration", [0.0, 0.3, 1.0])
def test_chances_of_a_place_equal_those_of_all_lists_together(arms: int, positions: int, exploration: float) -> None:
    """Contract: the marginal probability of each greedy rank in each position is that of all lists it stands in."""
    wanted = np.zeros((arms, positions))
    for order in itertools.permutations(range(arms), min(arms, positions)):
        chance = 1.0
        for position, arm in enumerate(order):
            left = [each for each in range(arms) if each not in order[:position]]
            chance *= (1.0 - exploration) * (arm == left[0]) + exploration / len(left)
        for position, arm in enumerate(order):
            wanted[arm, position] += chance
    found = position_chances(arms, positions, exploration)
    top = min(arms, positions)
    assert found[:top] == pytest.approx(wanted[:top])
    for deeper in range(top, arms):
        assert found[top] == pytest.approx(wanted[deeper])
