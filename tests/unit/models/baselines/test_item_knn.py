"""Item neighbours against slow loops."""

from math import sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.baseline_data import ITEMS, ROWS, TEST, TRAIN, before, lists
from tideline.models.baselines import item_knn
from tideline.models.baselines.item_knn import ItemKnn
from tideline.models.baselines.popularity import shares


def cosines() -> NDArray[np.float64]:
    sets = [set(each) for each in lists(TRAIN)]
    support = [sum(j in each for each in sets) for j in range(ITEMS)]
    similar = np.zeros((ITEMS, ITEMS))
    for i in range(ITEMS):
        for j in set(range(ITEMS)) - {i}:
            together = sum(i in each and j in each for each in sets)
            similar[i, j] = together / sqrt((support[i] + item_knn.DAMPING) * (support[j] + item_knn.DAMPING))
    return similar


def test_item_knn_sums_damped_cosines_of_the_last_items() -> None:
    similar, share = cosines(), shares(TRAIN)
    for row, scores in zip(ROWS.tolist(), ItemKnn(TRAIN).scores(TEST, ROWS), strict=True):
        recent = enumerate(before(row)[::-1][: item_knn.BACK])
        expected = sum((item_knn.DECAY**age * similar[i] for age, i in recent if i >= 0), np.zeros(ITEMS))
        assert scores == pytest.approx(expected + item_knn.WITHOUT_EVIDENCE * share, rel=1e-9)


def test_item_knn_keeps_the_most_similar_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_knn, "NEIGHBOURS", 3)
    kept, similar = item_knn.similarities(TRAIN), cosines()
    assert np.diff(kept.starts).tolist() == [min(3, np.count_nonzero(row)) for row in similar]
    for i in range(ITEMS):
        part = slice(kept.starts[i], kept.starts[i + 1])
        assert np.sort(kept.values[part]) == pytest.approx(np.sort(similar[i])[ITEMS - kept.values[part].size :])
        assert kept.values[part] == pytest.approx(similar[i, kept.columns[part]])
