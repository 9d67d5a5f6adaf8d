"""What all pairs share: its record, and scores looked up by halves of a pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.policy_rows import any_pairs
from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.fixed_point import INVERSE_UNIT, THETA_UNIT, X_UNIT
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM, pair_numbers
from tideline.udfs.core.policies.pair_row import (
    COLD_PAIRS,
    PAIR_UPPER,
    PairTable,
    decode_pairs,
    encode_pairs,
)

RANDOM = np.random.default_rng(4)
PAIRS = RANDOM.integers(0, 1 << 24, (50, 7)).astype(np.uint32)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_looked_up_is_the_product(seed: int) -> None:
    """Contract: z'w to the bit; the variance of each half by itself."""
    shared = any_pairs(np.random.default_rng(seed))
    mean, variance = PairTable(shared, np.ones(7)).expected(PAIRS)
    z = pair_numbers(PAIRS).astype(np.float64)
    assert mean.tobytes() == ((z @ shared.theta.astype(np.float64)) * X_UNIT * THETA_UNIT).tobytes()
    square = np.zeros((PAIR_DIM, PAIR_DIM))
    square[PAIR_UPPER] = shared.inverse
    square = (square + square.T) / 2.0
    apart = np.zeros((PAIR_DIM, PAIR_DIM), bool)
    for half in ([1, 2, 4], [0, 3, 5, 6, 7]):
        apart[np.ix_(half, half)] = True
    wanted = np.einsum("uki,ij,ukj->uk", z, square * apart, z) * X_UNIT**2 * INVERSE_UNIT
    assert variance == pytest.approx(wanted, rel=1e-12)


def test_a_record_holds_what_pairs_share() -> None:
    """Contract: it comes back equal; a record without it holds none; of another shape it is refused."""
    shared = any_pairs(np.random.default_rng(9))
    fields: dict[str, Any] = encode_pairs(shared)
    found = decode_pairs(fields)
    assert found is not None
    assert found.says_the_same(shared)
    assert not found.says_the_same(COLD_PAIRS)
    assert decode_pairs(encode_pairs(None)) is None
    with pytest.raises(InvalidRecord, match="pair theta"):
        decode_pairs(fields | {"pair_theta": b"12345678"})


def test_contexts_without_pairs_cannot_be_scored() -> None:
    """Contract: said in words, never taken for a stranger."""
    with pytest.raises(ValueError, match="no pairs"):
        PairTable(COLD_PAIRS, np.ones(1)).add_to(np.zeros((1, 1)), np.zeros((1, 1)), None)


@pytest.mark.parametrize("others", [0.0, 0.1, 0.9])
def test_strangers_pairs_cost_no_look_up_and_come_to_the_same_bits(others: float) -> None:
    """Contract: whether few or many pairs are others than a stranger's, with the activity's breadth or another."""
    random = np.random.default_rng(5)
    table = PairTable(any_pairs(random), random.normal(size=7))
    breadth = random.integers(0, 8, 7)
    pairs = np.where(random.random((50, 7)) < others, PAIRS, breadth).astype(np.uint32)
    mean, variance = random.normal(size=(2, 50, 7))
    its_mean, its_variance = table.expected(pairs)
    wanted = mean + its_mean * table.worth, variance + its_variance
    table.add_to(mean, variance, pairs)
    assert (mean.tobytes(), variance.tobytes()) == (wanted[0].tobytes(), wanted[1].tobytes())
    table.add_to(mean[:0], variance[:0], pairs[:0])
