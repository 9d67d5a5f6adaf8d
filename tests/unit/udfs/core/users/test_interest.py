"""The encoder over the sawtooth window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.core_world import ArithmeticEncoder
from tests.support.engine_runs import ranking_world, run, views

if TYPE_CHECKING:
    pass


def test_in_order_an_event_costs_about_two_steps() -> None:
    """Contract: h is a cache that spares encoding the window again, yet 16 steps are due every 16th event."""
    encoder = ArithmeticEncoder()
    run([[event] for event in views("u", 320)], ranking_world(encoder))
    anew = range(32, 321, 16)
    assert encoder.rows_stepped == (320 - len(anew)) + 16 * len(anew)
