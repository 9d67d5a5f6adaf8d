"""What came of visits, by slice of the demo."""

from __future__ import annotations

import numpy as np

from tideline.scripts.benchmarks.offline.value.demo_yardsticks import by_slice
from tideline.scripts.benchmarks.offline.value.value_play import Played
from tideline.scripts.simulation.world import Slice


def test_each_visit_counts_in_the_slice_of_its_time() -> None:
    """Contract: the first moment of a slice is in it; one without visits has nothing."""
    slices = [Slice(begin, begin + 10, slice(0, 0), ()) for begin in (100, 110, 120)]
    played = Played(np.array([4, 3, 4]), np.array([0.5, 0.25, 1.0]))
    found = by_slice("content", played, np.array([100, 109, 120]), slices)
    assert found.impressions.tolist() == [7, 0, 4]
    assert found.clicks.tolist() == [0.75, 0.0, 1.0]
