"""What is learned of pairs, in whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.udfs.core.learning.learning import IMPRESSION_UNIT
from tideline.udfs.core.pairs.pair_model import solve_pairs
from tideline.udfs.core.pairs.pair_sums import SIZE, UPPER, add_pairs, no_sums

KINDS = 6


def test_an_impression_adds_its_products_and_a_click_its_numbers() -> None:
    """In units of 1/127 and hundredths of an impression."""
    sums = no_sums(2)
    v = np.arange(SIZE, dtype=np.int8)[None, :]
    add_pairs(sums, np.array([1]), v, np.array([65]), np.array([[1, 0, 2_500]]))
    assert (sums.impressions.tolist(), sums.rewards[1].tolist()) == ([0, 65], [1, 0, 2_500])
    assert (sums.products[1] == 65 * UPPER[0] * UPPER[1]).all()
    assert sums.moments[1].tolist() == list(range(SIZE))
    assert not sums.products[0].any()


@pytest.mark.parametrize("seed", range(4))
def test_sums_are_the_same_in_any_order_and_cut(seed: int) -> None:
    """Whole numbers: to the bit, and so the model; what is taken back leaves nothing."""
    random = np.random.default_rng(seed)
    activity, v = random.integers(0, KINDS, 300), random.integers(-127, 128, (300, SIZE)).astype(np.int8)
    rewards = np.zeros((300, 3), np.int64)
    rewards[:, 0] = random.random(300) < 0.2
    impressions = np.full(300, IMPRESSION_UNIT)
    whole, parts = no_sums(KINDS), no_sums(KINDS)
    add_pairs(whole, activity, v, impressions, rewards)
    for part in np.array_split(random.permutation(300), 7):
        add_pairs(parts, activity[part], v[part], impressions[part], rewards[part])
    assert all((one == other).all() for one, other in zip(whole, parts, strict=True))
    assert (solve_pairs(whole).rest == solve_pairs(parts).rest).all()
    add_pairs(parts, activity, v, -impressions, -rewards)
    assert not any(each.any() for each in parts)
