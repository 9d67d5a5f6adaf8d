"""An activity nobody has seen finds its users."""

from __future__ import annotations

import pytest

from tests.support.core_world import ArithmeticEncoder
from tests.support.tiny_world import tiny_world
from tideline.scripts.benchmarks.offline.value import zero_shot
from tideline.scripts.benchmarks.offline.value.value_stage import make_stage
from tideline.scripts.parsers.bench_keys import BENCH_KEYS


def test_what_is_withheld_is_new_and_both_rates_are_told() -> None:
    """Contract: with as many places as activities every list has all of them, new or old."""
    stage = make_stage(tiny_world(users=10, visits=10), ArithmeticEncoder())
    found = zero_shot.compare(stage, 1, least=5)
    assert found == {"activities": 3, "old": 1.0, "new": 1.0, "ratio": 1.0}
    assert {"world", "seed", "past_days", *found} == BENCH_KEYS["zeroshot"].keys()


def test_what_content_tells_a_new_activity_has_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: with one place, buyers of bread are shown what is about bread before anybody has seen it."""
    world = tiny_world(users=40, visits=60, click=[[0.4, 0.0, 0.0], [0.0, 0.4, 0.0]] * 20)
    stage = make_stage(world, ArithmeticEncoder())
    monkeypatch.setattr(zero_shot, "PLACES", 1)
    found = zero_shot.compare(stage, 1, least=50)
    assert found["activities"] == 2
    assert found["ratio"] > 0.9
