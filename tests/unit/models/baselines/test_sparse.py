"""Sparse sums against dense ones."""

import numpy as np
import pytest

from tideline.models.baselines import sparse


@pytest.mark.parametrize("entries", [1, 7, 2_000_000])
def test_sums_of_sparse_rows_are_those_of_the_dense_matrix(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    monkeypatch.setattr(sparse, "_ENTRIES", entries)
    rng = np.random.default_rng(4)
    rows, columns = rng.integers(0, 6, 30), rng.integers(0, 9, 30)
    dense = np.zeros((6, 9))
    np.add.at(dense, (rows, columns), 1.0)
    chosen, weights, into = rng.integers(0, 6, 20), rng.random(20), rng.integers(0, 4, 20)
    expected = np.zeros((4, 9))
    for k in range(20):
        expected[into[k]] += weights[k] * dense[chosen[k]]
    matrix = sparse.pair_counts(rows, columns, 6, 9)
    assert sparse.weighted_sums(matrix, chosen, weights, into, (4, 9)) == pytest.approx(expected)
    assert matrix.totals() == pytest.approx(dense.sum(axis=1))
