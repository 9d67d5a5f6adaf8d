"""Shares of variants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.variants.variant_shares import (
    LEAST,
    PARTS,
    chances_of_best,
    chances_of_best_mean,
    earning_shares,
    even_shares,
)


@given(st.integers(2, 8))
def test_even_shares_are_all_there_is(variants: int) -> None:
    shares = even_shares(variants)
    assert sum(shares) == PARTS
    assert max(shares) - min(shares) <= 1


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8).filter(lambda each: sum(each) > 0.01))
def test_shares_that_earn_add_up_and_leave_none_without(likely: list[float]) -> None:
    """Contract: at least a tenth each, so that every variant goes on being compared."""
    (shares,) = earning_shares(np.array([likely]) / sum(likely)).tolist()
    assert sum(shares) == PARTS
    assert min(shares) >= LEAST


def test_chances_are_those_of_draws() -> None:
    rng = np.random.default_rng(1)
    clicks, shown = np.array([[20.0, 30.0, 4.0]]), np.array([[1000.0, 1100.0, 150.0]])
    drawn = rng.beta(1 + clicks, 1 + shown - clicks, (200_000, 3)).argmax(axis=1)
    expected = np.bincount(drawn, minlength=3) / 200_000
    assert chances_of_best(clicks, shown)[0] == pytest.approx(expected, abs=0.005)


def test_chances_of_means_are_those_of_draws() -> None:
    rng = np.random.default_rng(1)
    mean, error = np.array([1.0, 1.1, 0.7]), np.array([0.1, 0.2, 0.4])
    drawn = (mean + error * rng.standard_normal((200_000, 3))).argmax(axis=1)
    assert chances_of_best_mean(mean, error) == pytest.approx(np.bincount(drawn, minlength=3) / 200_000, abs=0.005)
