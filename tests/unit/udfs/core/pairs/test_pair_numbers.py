"""The numbers of a pair and what a token has to carry of them."""

from __future__ import annotations

import numpy as np

from tideline.udfs.core.pairs.affinity import AFFINITIES, MOST, in_a_row, share_of
from tideline.udfs.core.pairs.pair_numbers import (
    MAX_BREADTH,
    MAX_SEEN,
    PAIR_BYTES,
    PAIR_DIM,
    affinity_at,
    breadth_step,
    pack,
    pair_numbers,
    seen_of,
)

NONE = np.zeros(1, np.uint32)


def test_three_bytes_say_it() -> None:
    """The largest of all fits; ten entries are 40 characters of a token."""
    most = pack(
        in_a_row(np.full((1, AFFINITIES), MOST, np.uint8)), breadth_step(np.array([10_000])), np.array([10_000])
    )
    assert int(most[0]) == 2 ** (8 * PAIR_BYTES) - 1


def test_what_is_packed_comes_back_and_the_rest_follows() -> None:
    """Constant, three affinities, two roots, breadth, weariness: whole numbers from 0 to 127."""
    packed = pack(in_a_row(np.array([[5, 30, 63]], np.uint8)), breadth_step(np.array([2])), np.array([1]))
    assert [affinity_at(packed, at).tolist() for at in range(AFFINITIES)] == [[5], [30], [63]]
    assert seen_of(packed).tolist() == [1]
    found = pair_numbers(packed)
    assert found.shape == (1, PAIR_DIM)
    assert found[0, :4].tolist() == [127, round(127 * 5 / 63), round(127 * 30 / 63), 127]
    assert found[0, 4] == round(127 * float(np.sqrt(share_of(np.array([30]))[0])))
    assert found[0, 5] == 127
    assert found[0, 6] == round(127 / 2 * np.log(3))
    assert found[0, 7] == round(127 / 2)


def test_no_number_leaves_its_range() -> None:
    """All that three bytes can say, hostile or not, gives numbers from 0 to 127."""
    every = np.random.default_rng(1).integers(0, 1 << 24, 100_000).astype(np.uint32)
    assert pair_numbers(every).min() >= 0


def test_who_has_seen_it_more_often_is_wearier() -> None:
    """Up to seven times; what comes after adds nothing."""
    packed = pack(np.zeros(10, np.uint32), NONE, np.arange(10))
    weariness = pair_numbers(packed)[:, 7].tolist()
    assert weariness == sorted(weariness)
    assert weariness[0] == 0
    assert weariness[MAX_SEEN] == weariness[9]


def test_what_is_about_more_is_broader() -> None:
    """Steps rise with the number of categories; what is about nothing has none."""
    found = breadth_step(np.arange(100))
    assert (np.diff(found.astype(int)) >= 0).all()
    assert (found[0], found[-1]) == (0, MAX_BREADTH)
