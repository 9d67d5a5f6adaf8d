"""The benchmark of lists under list rules."""

from __future__ import annotations

import numpy as np

from tideline.scripts.benchmarks.offline.rules import propensities


def test_lists_come_as_often_as_their_tokens_say() -> None:
    """Contract: for every set of rules mean weights are 1 within 3.5 standard errors, and no place's lists are off."""
    found = propensities.measure(30_000, repeats=1)
    assert found["worst_weight"] < 3.5
    assert found["worst_chi_square"] < 5
    assert found["us_per_user"].keys() == found["weights"].keys() == propensities.RULES.keys()


def test_wrong_probabilities_are_seen() -> None:
    """Contract: what was left counted as without rules: weights and chi-square say so."""
    found = propensities._drawn(propensities._shop(12, 4, 3), "three", 30_000)
    wrong = found._replace(feasible=found.eligible[:, None] - np.arange(4))
    chance = propensities._stated(wrong)
    assert max(abs(each) for each in propensities._weights(found, chance)) > 10
    assert propensities._chi_square(found.order, chance) > 10
