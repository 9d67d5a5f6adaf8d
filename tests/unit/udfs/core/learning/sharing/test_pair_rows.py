"""What is published of pairs: the prior of activities nobody has seen, and what a click brings."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.udfs.core.context import DIM
from tideline.udfs.core.fixed_point import INVERSE_UNIT
from tideline.udfs.core.learning.sharing.pair_rows import prior_of_pairs, rewards_by_click
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM
from tideline.udfs.core.pairs.pair_solving import SharedPairs


def test_what_a_click_brings_is_drawn_to_what_any_brings() -> None:
    """Contract: with 20 clicks of its own halfway; without any, what all bring; a click is 1."""
    found = rewards_by_click(np.array([[20.0, 10.0, 0.0], [0.0, 0.0, 0.0]]), np.array([100.0, 10.0, 50.0]))
    assert found == pytest.approx(np.array([[1.0, (10 + 2) / 40, 10 / 40], [1.0, 0.1, 0.5]]))


def test_nothing_known_brings_a_click_alone() -> None:
    assert rewards_by_click(np.zeros((1, 3)), np.zeros(3)).tolist() == [[1.0, 0.0, 0.0]]


def test_the_prior_holds_what_is_shared() -> None:
    """Contract: no rest of its own, as wide as rests are held."""
    shared = SharedPairs(np.arange(PAIR_DIM) / 10, np.eye(PAIR_DIM) / 16, 0.2, (30.0, 100.0))
    row = prior_of_pairs(shared, np.array([100.0, 10.0, 0.0]), 3, 500.0)
    assert (row.encoder, row.total, row.by_click) == (3, 500.0, (1.0, 0.1, 0.0))
    assert not row.theta.any()
    diagonal = (row.inverse * INVERSE_UNIT)[np.cumsum([0, *range(DIM, 1, -1)])]
    assert diagonal == pytest.approx(np.array([1 / 30, *[1 / 100] * (DIM - 1)]), abs=INVERSE_UNIT)
    assert row.pairs is not None
    assert row.pairs.noise == 0.2
