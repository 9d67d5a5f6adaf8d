"""The numbers of a pair and what a token has to carry of them."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.udfs.core.pairs.affinity import AFFINITIES, MOST
from tideline.udfs.core.pairs.pair_numbers import MAX_SEEN, NUMBERS, PACKED_BYTES, pack, pair_numbers


def test_three_bytes_say_it() -> None:
    """The largest of all fits; ten entries are 40 characters of a token."""
    most = pack(np.full((1, AFFINITIES), MOST, np.int8), np.array([10_000]))
    assert int(most[0]) == 2 ** (8 * PACKED_BYTES) - 1


def test_affinities_come_back_and_the_rest_follows() -> None:
    """Constant, three affinities, two roots, breadth, weariness: whole numbers from 0 to 127."""
    found = pair_numbers(pack(np.array([[5, 60, 127]], np.int8), np.array([1])), np.array([2]))
    assert found.shape == (1, NUMBERS)
    assert found[0, :4].tolist() == [MOST, 5, 60, 127]
    assert found[0, 5] == MOST
    assert found[0, 4] == round(MOST * float(np.sqrt(np.expm1(60 / 127 * np.log1p(1_000)) / 1_000)))
    assert found[0, 6] == round(MOST / 2 * np.log(3))
    assert found[0, 7] == round(MOST / 2)


@pytest.mark.parametrize("breadth", [0, 1, 63, 64, 1_000])
def test_no_number_leaves_its_range(breadth: int) -> None:
    random = np.random.default_rng(breadth)
    packed = pack(random.integers(0, 128, (500, AFFINITIES)).astype(np.int8), random.integers(0, 50, 500))
    found = pair_numbers(packed, np.full(500, breadth))
    assert found.min() >= 0


def test_who_has_seen_it_more_often_is_wearier() -> None:
    """Up to seven times; what comes after adds nothing."""
    packed = pack(np.zeros((10, AFFINITIES), np.int8), np.arange(10))
    weariness = pair_numbers(packed, np.zeros(10, np.int64))[:, 7].tolist()
    assert weariness == sorted(weariness)
    assert weariness[0] == 0
    assert weariness[MAX_SEEN] == weariness[9]
