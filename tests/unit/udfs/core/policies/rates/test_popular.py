"""The smoothed click rate."""

from __future__ import annotations

import numpy as np

from tests.support.policy_rows import CLICKS_ONLY, contexts, row_of, score
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.policy_table import stack


def test_popular_is_the_smoothed_click_rate_for_everybody() -> None:
    rows = [row_of(np.ones(DIM), np.eye(DIM), n, clicks, 0) for n, clicks in ((0, 0), (950, 9), (50, 9))]
    found = score("popular", 1.0, contexts(4, 1), stack(rows, CLICKS_ONLY))
    assert found.tolist() == [[0.02, 0.01, 0.1]] * 4
