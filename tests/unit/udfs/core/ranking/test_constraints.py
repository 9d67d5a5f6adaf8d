"""Constraints on a whole list."""

from __future__ import annotations

import numpy as np

from tideline.udfs.core.ranking.constraints import constrain


def test_without_constraints_lists_are_as_they_were_ranked() -> None:
    order = np.array([[3, 1, -1], [0, 2, 1]])
    assert constrain(order).tolist() == [[3, 1, -1], [0, 2, 1]]
