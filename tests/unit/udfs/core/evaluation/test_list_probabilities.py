"""Where the entries of a list stand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tideline.udfs.core.evaluation.list_probabilities import place_chances


@pytest.mark.parametrize(("arms", "slots"), [(4, 3), (3, 3), (2, 3), (6, 2)])
@pytest.mark.parametrize("exploration", [0.0, 0.3, 1.0])
def test_chances_of_a_place_equal_those_of_all_lists_together(arms: int, slots: int, exploration: float) -> None:
    """Contract: the marginal probability of each greedy rank in each slot is the sum over all lists it stands in."""
    wanted = np.zeros((arms, slots))
    for order in itertools.permutations(range(arms), min(arms, slots)):
        chance = 1.0
        for slot, arm in enumerate(order):
            left = [each for each in range(arms) if each not in order[:slot]]
            chance *= (1.0 - exploration) * (arm == left[0]) + exploration / len(left)
        for slot, arm in enumerate(order):
            wanted[arm, slot] += chance
    found = place_chances(arms, slots, exploration)
    top = min(arms, slots)
    assert found[:top] == pytest.approx(wanted[:top])
    for deeper in range(top, arms):
        assert found[top] == pytest.approx(wanted[deeper])
