"""Figures of the demo's line of progress."""

from __future__ import annotations

import math

from tideline.scripts.simulation.ticker import percent, percentiles


def test_percentiles_of_nothing_are_unknown() -> None:
    assert all(math.isnan(each) for each in percentiles([]))
    assert percentiles([float(each) for each in range(1, 102)]) == (51.0, 100.0)


def test_a_share_keeps_its_width_known_or_not() -> None:
    assert (percent(0.0558), percent(math.nan)) == (" 5.58%", "   -  ")
