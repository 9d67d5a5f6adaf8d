"""Contexts as pushes know them."""

from __future__ import annotations

import numpy as np

from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.pushing.part.coarse import COARSE_BITS, coarse, packed_x, unpacked_x


def test_each_number_becomes_the_nearest_of_fifteen_and_stays_there() -> None:
    """Contract: whatever it was; nothing stays nothing, and all fit in half a byte."""
    every = np.zeros((256, DIM), np.int8)
    every[:, 1:] = np.arange(-128, 128)[:, None]
    found = coarse(every)
    levels = np.unique(found[:, 1:]).astype(int)
    assert levels.tolist() == [-65, -44, -31, -22, -15, -9, -4, 0, 4, 9, 15, 22, 31, 44, 65]
    near = np.abs(every[:, 1:2].astype(int) - levels).min(axis=1)
    assert (np.abs(every[:, 1].astype(int) - found[:, 1]) == near).all()
    assert (coarse(found) == found).all()
    assert (found[:, 0] == CONSTANT_X).all()
    assert not coarse(np.zeros((1, DIM), np.int8))[:, 1:].any()


def test_rounding_hides_little_of_a_context() -> None:
    """Contract: of numbers as an encoder makes them less than a hundredth of what they vary."""
    x = np.zeros((2_000, DIM), np.int8)
    x[:, 1:] = np.clip(np.rint(np.random.default_rng(4).normal(0.0, 23.0, (2_000, DIM - 1))), -127, 127)
    lost = (x - coarse(x).astype(float))[:, 1:]
    assert lost.var() < 0.02 * x[:, 1:].astype(float).var()


def test_a_coarse_context_is_read_back_from_its_bits() -> None:
    """Contract: all that may be."""
    some = np.random.default_rng(5).integers(-128, 128, (500, DIM)).astype(np.int8)
    for x in map(bytes, coarse(some)):
        assert packed_x(x) < 2**COARSE_BITS
        assert unpacked_x(packed_x(x)) == x
