import numpy as np
from numpy.typing import NDArray

from tests.unit.models.test_sequences import sequences
from tideline.models.data import Sequences
from tideline.models.split import split


def with_times(lengths: list[int], ts_ms: NDArray[np.int64]) -> Sequences:
    data = sequences(lengths)
    data.ts_ms[:] = ts_ms
    return data


def test_the_last_tenth_in_time_is_held_out_and_never_a_first_event() -> None:
    rng = np.random.default_rng(1)
    lengths = [5] * 200
    begins = np.repeat(rng.integers(0, 10**9, 200), 5)
    data = with_times(lengths, begins + np.tile(np.arange(5), 200))
    found = split(data, seed=1)
    target = np.ones(1_000, np.bool_)
    target[data.starts[:-1]] = False
    assert not found.valid[~target].any()
    assert abs(found.valid.sum() - 80) <= 4
    assert data.ts_ms[found.valid].min() >= data.ts_ms[target & ~found.valid].max()
    assert found.how.startswith("targets from ")


def test_a_given_time_is_the_split() -> None:
    data = sequences([20, 20])
    found = split(data, seed=1, from_ms=19_000_000)
    assert np.flatnonzero(found.valid).tolist() == [18, 19, 38, 39]


def test_times_that_order_nothing_hold_out_the_ends_of_a_seeded_tenth() -> None:
    """Contract: equal times, or sequences that all begin at once, are said to order nothing."""
    lengths = [1, 4] * 100
    for ts_ms in (np.full(500, 7), np.concatenate([np.arange(length) for length in lengths])):
        data = with_times(lengths, ts_ms)
        found = split(data, seed=1)
        lasts = data.starts[1:] - 1
        assert found.valid.sum() == 10
        assert set(np.flatnonzero(found.valid)) <= set(lasts[1::2].tolist())
        assert "times order nothing" in found.how
        assert (split(data, seed=1).valid == found.valid).all()
        assert (split(data, seed=2).valid != found.valid).any()


def test_a_burst_at_the_end_that_is_most_of_the_data_is_not_taken_for_the_last_tenth() -> None:
    data = with_times([2] * 100, np.concatenate([[1, 2], np.full(198, 50)]))
    found = split(data, seed=1)
    assert found.valid.sum() == 10
    assert "times order nothing" in found.how


def test_too_little_to_hold_out_holds_out_nothing() -> None:
    assert not split(sequences([1, 1, 1]), seed=1).valid.any()
