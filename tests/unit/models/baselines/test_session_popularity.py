"""Popularity within a sequence."""

from collections import Counter

import numpy as np

from tests.support.baseline_data import ITEMS, ROWS, TEST, TRAIN, before
from tideline.models.baselines.popularity import shares
from tideline.models.baselines.session_popularity import SessionPopularity


def test_session_popularity_orders_by_count_then_by_popularity() -> None:
    share = shares(TRAIN)
    for row, scores in zip(ROWS.tolist(), SessionPopularity(TRAIN).scores(TEST, ROWS), strict=True):
        counts = Counter(before(row))
        expected = np.lexsort((share, np.array([counts[j] for j in range(ITEMS)])))
        assert expected.tolist() == np.argsort(scores, kind="stable").tolist()
