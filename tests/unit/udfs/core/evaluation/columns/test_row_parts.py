"""Sums and quantiles over rows that are not in memory together."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.udfs.core.evaluation.columns import row_parts
from tideline.udfs.core.evaluation.columns.row_parts import IN_MEMORY, ClusterSums, quantiles, stretches, summed


@pytest.mark.parametrize("count", [1, 7, 65_536, 65_537, 300_001])
def test_sums_and_quantiles_are_numpys_to_the_last_digit(count: int) -> None:
    """Contract: of values of very different sizes, of one stretch and of several."""
    rng = np.random.default_rng(count)
    values = rng.normal(size=count) * 10.0 ** rng.uniform(-5, 5, count)
    sums = summed(count, IN_MEMORY, lambda rows: [values[rows], np.square(values[rows])])
    assert sums.tolist() == [values.sum(), np.square(values).sum()]
    shares = (0.999, 0.95, 0.5, 0.3, 0.0, 1.0)
    assert quantiles(count, IN_MEMORY, lambda rows: values[rows], shares) == np.quantile(values, shares).tolist()


def test_quantiles_of_equal_values_and_of_both_zeros() -> None:
    values = np.array([0.0, -0.0, 3.0, 3.0, 3.0, -2.0])
    found = quantiles(6, IN_MEMORY, lambda rows: values[rows], (0.0, 0.2, 0.5, 0.9))
    assert found == np.quantile(values, (0.0, 0.2, 0.5, 0.9)).tolist()


@pytest.mark.parametrize("at_once", [1 << 20, 1_000])
def test_sums_by_cluster_are_those_of_bincount(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: to the last digit, however many clusters are summed at a time; a cluster without rows has 0."""
    monkeypatch.setattr(row_parts, "CLUSTERS_AT_ONCE", at_once)
    rng = np.random.default_rng(1)
    cluster, values = rng.integers(0, 5_000, 100_000) // 2 * 2, rng.normal(size=100_000)
    found = ClusterSums(5_001, cluster, IN_MEMORY, lambda rows: values[rows])
    assert np.concatenate(list(found.parts())).tolist() == np.bincount(cluster, values, 5_001).tolist()
    assert found.sums(lambda each: [np.abs(each)])[0] == pytest.approx(np.abs(np.bincount(cluster, values)).sum())


def test_memory_is_told_to_forget_behind_each_stretch() -> None:
    class Told(row_parts.InMemory):
        forgot = 0

        def forget(self) -> None:
            self.forgot += 1

    memory = Told()
    assert [rows.tolist() for rows in stretches(5, memory, 2)] == [[0, 1], [2, 3], [4]]
    assert memory.forgot == 3
