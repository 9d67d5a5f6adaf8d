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
    earning_shares,
    even_shares,
    variant_of,
)

USERS = [f"u{number}" for number in range(4000)]


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


def test_nobody_changes_his_variant_but_those_between_the_borders() -> None:
    """Contract: as many as the share that moved, and all to the variant that grew."""
    before, after = ([variant_of(user, "a", shares) for user in USERS] for shares in ([128, 128], [141, 115]))
    moved = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert set(moved) == {(1, 0)}
    assert len(moved) / len(USERS) == pytest.approx(13 / 256, abs=0.012)


def test_each_variant_has_its_share_of_the_users() -> None:
    seen = np.bincount([variant_of(user, "a", [192, 38, 26]) for user in USERS]) / len(USERS)
    assert seen == pytest.approx(np.array([192, 38, 26]) / 256, abs=0.02)


def test_shares_that_do_not_add_up_are_no_shares() -> None:
    with pytest.raises(ValueError, match="come to 0; allowed: 256"):
        variant_of("u", "a", [0, 0])
