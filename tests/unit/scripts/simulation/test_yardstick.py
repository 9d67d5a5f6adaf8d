"""What others would get, by slice of simulated time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tideline.scripts.simulation.yardstick import Yardstick


def test_a_rate_is_of_the_slices_asked_for_and_unknown_where_nobody_came() -> None:
    """Contract: expected clicks by impressions, as of a Tally."""
    found = Yardstick("content", np.array([0, 40, 20]), np.array([0.0, 2.0, 4.0]))
    assert found.rate() == pytest.approx(0.1)
    assert found.rate(after=2) == pytest.approx(0.05)
    assert found.rate(2, 3) == pytest.approx(0.2)
    assert math.isnan(found.rate(0, 1))
