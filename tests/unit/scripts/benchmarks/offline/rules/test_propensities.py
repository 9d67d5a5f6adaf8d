"""The benchmark of lists under list rules."""

from __future__ import annotations

import numpy as np

from tideline.scripts.benchmarks.offline.rules import propensities


def test_lists_come_as_often_as_their_tokens_say() -> None:
    """Contract: for every set of rules, and of a page of two lists, mean weights are 1 within 3.5 standard errors, and
    no place's lists are off."""
    found = propensities.measure(30_000, repeats=1)
    assert found["worst_weight"] < 3.5
    assert found["worst_chi_square"] < 5
    assert found["us_per_user"].keys() == propensities.RULES.keys()
    assert found["weights"].keys() == found["chi_square"].keys() == {*propensities.RULES, "placement"}


def test_wrong_probabilities_are_seen() -> None:
    """Contract: what was left counted as without rules: weights and chi-square say so."""
    found = propensities._drawn(propensities._shop(12, 4, 3), "three", 30_000)
    wrong = found._replace(feasible=found.eligible[:, None] - np.arange(4))
    chance = propensities._stated(wrong)
    assert max(abs(each) for each in propensities._weights(found, chance)) > 10
    assert propensities._chi_square(found.order, chance) > 10


def test_what_the_list_above_took_must_be_left_out() -> None:
    """Contract: a placement whose chances counted what stands on the list that it is apart from would be seen."""
    found = propensities._placed(propensities._shop(12, 4, 3), 60_000)
    assert all(len({*row}) == 4 for row in found.order[:500].tolist())
    assert propensities._chi_square(found.order, propensities._stated(found)) < 5
    wrong = found._replace(feasible=found.feasible + np.array([0, 1, 1, 1]))
    assert propensities._chi_square(found.order, propensities._stated(wrong)) > 10
