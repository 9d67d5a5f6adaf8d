"""How much work a training is."""

import itertools
import time
from dataclasses import replace

import pytest

from tideline.models.config import Config
from tideline.models.plan import Plan, TimeLimit, plan, rate

CONFIG = Config(epochs=10, steps=1_000, refresh=0.1, learning_rate=0.5)


def test_little_data_is_gone_over_as_often_as_the_parameters_say() -> None:
    assert plan(CONFIG, 50, held_out=True) == Plan(50, 10.0, 1.0)


def test_much_data_is_gone_over_as_far_as_the_budget_goes() -> None:
    """Contract: the last pass, over the newest events, has at most a fifth of the steps of all before it."""
    assert plan(CONFIG, 400, held_out=True) == Plan(400, 2.5, 0.5)
    assert plan(CONFIG, 4_000, held_out=True) == Plan(4_000, 0.25, 0.05)


def test_there_is_no_last_pass_where_nothing_is_held_out_or_none_is_wanted() -> None:
    assert plan(CONFIG, 50, held_out=False).last == 0.0
    assert plan(replace(CONFIG, refresh=0.0), 50, held_out=True).last == 0.0


def test_data_without_a_step_has_a_plan() -> None:
    assert plan(CONFIG, 0, held_out=False).passes == 10.0


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    rates = [rate(CONFIG, progress) for progress in (0.0, 0.025, 0.05, 0.5, 1.0)]
    assert rates == pytest.approx([0.025, 0.268125, 0.475, 0.25, 0.0])


def test_a_limit_is_up_when_its_minutes_are_and_none_looks_at_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count(100.0, 30.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    limit = TimeLimit(1.0)
    assert [limit.up(), limit.up(), limit.up()] == [False, True, True]
    assert not TimeLimit(None).up()
    assert next(seconds) == 220.0
