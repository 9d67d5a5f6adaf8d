"""Contract: the sawtooth that is timed is the one the job runs: 15 single steps and one window of 16 for 16 events."""

from __future__ import annotations

import pytest

from tests.support.core_world import ArithmeticEncoder
from tideline.models import timing
from tideline.models.timing import features_us, sawtooth_us, step_us


@pytest.mark.parametrize("batch", [1, 20])
def test_a_turn_steps_each_user_31_times_for_16_events(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_FEWEST_CALLS", 3)
    encoder = ArithmeticEncoder()
    assert sawtooth_us(encoder, batch, 0.0) > 0.0
    first_31_events, turns = 31, 3
    assert encoder.rows_stepped == batch * (first_31_events + turns * (16 + 15))


def test_a_step_and_its_features_take_some_time() -> None:
    encoder = ArithmeticEncoder()
    assert step_us(encoder, 16, 0.0) > 0.0
    assert encoder.rows_stepped == 16 * 15
    assert features_us(encoder, 16, 0.0) > 0.0
