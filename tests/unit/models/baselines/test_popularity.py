"""Popularity against its formula."""

import numpy as np
import pytest

from tests.support.baseline_data import ITEMS, ROWS, TEST, TRAIN, events
from tideline.models.baselines.popularity import Popularity


def test_popularity_is_the_share_of_events_with_one_added_to_each_item() -> None:
    counts = events()
    expected = [(counts[j] + 1) / (counts.total() + ITEMS) for j in range(ITEMS)]
    assert Popularity(TRAIN).scores(TEST, ROWS) == pytest.approx(np.tile(expected, (ROWS.size, 1)))
