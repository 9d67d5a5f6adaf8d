"""Random numbers as a pure function of a seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tideline.udfs.core.counter_random import (
    decision_seeds,
    gumbel,
    normal,
    shuffle_keys,
    shuffled,
    uniform,
    unshuffled,
)

COUNT = 20_000


def seeds(count: int = COUNT, salt: int = 7) -> NDArray[np.uint64]:
    every = np.arange(count)
    return decision_seeds(every.astype(np.uint64), every, every, salt)


def test_a_seed_depends_on_user_time_sequence_and_salt() -> None:
    user, time, seq = (np.array([each]) for each in (3, 5, 7))
    first = decision_seeds(user.astype(np.uint64), time, seq, 1)
    others = [
        decision_seeds((user + 1).astype(np.uint64), time, seq, 1),
        decision_seeds(user.astype(np.uint64), time + 1, seq, 1),
        decision_seeds(user.astype(np.uint64), time, seq + 1, 1),
        decision_seeds(user.astype(np.uint64), time, seq, 2),
    ]
    assert len({int(each[0]) for each in (first, *others)}) == 5
    assert (first == decision_seeds(user.astype(np.uint64), time, seq, 1)).all()


def test_uniform_numbers_are_uniform_and_streams_apart() -> None:
    """Contract: mean 1/2 and variance 1/12 to sampling error, in [0, 1), uncorrelated between streams."""
    first, other = uniform(seeds(), 2), uniform(seeds(), 2, stream=1)
    assert first.min() >= 0.0
    assert first.max() < 1.0
    assert first.mean() == pytest.approx(0.5, abs=5 * 0.29 / np.sqrt(2 * COUNT))
    assert first.var() == pytest.approx(1 / 12, abs=0.002)
    assert abs(np.corrcoef(first[:, 0], other[:, 0])[0, 1]) < 5 / np.sqrt(COUNT)
    assert abs(np.corrcoef(first[:, 0], first[:, 1])[0, 1]) < 5 / np.sqrt(COUNT)


def test_normal_and_gumbel_numbers_have_their_moments() -> None:
    drawn, extreme = normal(seeds(), 1), gumbel(seeds(), 1)
    assert drawn.mean() == pytest.approx(0.0, abs=5 / np.sqrt(COUNT))
    assert drawn.std() == pytest.approx(1.0, abs=0.03)
    assert extreme.mean() == pytest.approx(np.euler_gamma, abs=5 * 1.3 / np.sqrt(COUNT))
    assert extreme.var() == pytest.approx(np.pi**2 / 6, rel=0.06)


@given(st.integers(0, 2**32 - 1))
def test_an_order_of_all_numbers_has_each_once_and_leads_back(salt: int) -> None:
    """Contract: a bijection of 0..65535 for each decision, and its inverse."""
    keys = shuffle_keys(seeds(2, salt))
    numbers = np.arange(2**16, dtype=np.uint16)
    places = shuffled(keys, numbers)
    assert all(np.unique(row).size == 2**16 for row in places)
    assert (unshuffled(keys, places) == numbers).all()
