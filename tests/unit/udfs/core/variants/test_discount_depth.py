"""Depths of a discount."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.variants.discount_depth import depth_shares, isotonic


def test_what_falls_is_made_level() -> None:
    """Contract: the numbers of the design, and weights count."""
    assert isotonic(np.array([[3.0, 1.0, 2.0]]), np.ones(3)).tolist() == [[2.0, 2.0, 2.0]]
    assert isotonic(np.array([[1.0, 4.0, 1.0]]), np.array([1.0, 1.0, 2.0])).tolist() == [[1.0, 2.0, 2.0]]


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=9))
def test_it_rises_keeps_the_mean_and_leaves_what_rises_already(values: list[float]) -> None:
    (found,) = isotonic(np.array([values]), np.ones(len(values)))
    assert (np.diff(found) >= -1e-9).all()
    assert found.mean() == pytest.approx(np.mean(values), abs=1e-9)
    assert isotonic(found[None, :], np.ones(len(values)))[0] == pytest.approx(found)


def test_the_depth_with_the_best_margin_gets_nearly_all() -> None:
    """Contract: a deeper one that sells no more is left, and the same seed gives the same shares."""
    shown = np.full(3, 5000.0)
    shares = depth_shares(shown, np.array([100.0, 300.0, 305.0]), np.array([10.0, 8.0, 4.0]), 1)
    assert shares[1] > 0.95
    assert (shares == depth_shares(shown, np.array([100.0, 300.0, 305.0]), np.array([10.0, 8.0, 4.0]), 1)).all()
