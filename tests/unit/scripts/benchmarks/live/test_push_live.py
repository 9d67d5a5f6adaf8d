"""The figures of pushes on a running job, from what was told."""

from __future__ import annotations

import json
from typing import Any

from tideline.scripts.benchmarks.live.push_live import _figures, _Window, _window
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.push.push_record import PushRecord
from tideline.udfs.core.push.push_user import push_id


def told(user: str, late_ms: int) -> PushRecord:
    """Return what was told of a user so long after he was due."""
    made: dict[str, Any] = dict.fromkeys(PushRecord._fields, 0)
    named = {"push_id": push_id(user, 20_000, 0), "user_id": user, "due_ms": 10**12, "told_ms": 10**12 + late_ms}
    return PushRecord(**made | named)


def test_figures_are_of_what_was_told() -> None:
    """Contract: how late in seconds, who was told twice, bytes of those who have any."""
    records = [told(f"u{at}", at * 1_000) for at in range(100)] + [told("u7", 7_000)]
    found = _figures(records, ({"p99_ms": 50.0}, {"p99_ms": 55.0}), [23, 55], 200)
    assert (found["told"], found["twice"], found["late_s_most"], found["p99_ratio"]) == (101, 1, 99.0, 1.1)
    assert (found["bytes_a_user"], found["most_bytes_a_user"], found["told_per_hour"]) == (39.0, 55, 1212)


def test_the_window_is_an_option_of_the_job() -> None:
    """Contract: whole buckets from a full five minutes on, by UTC."""
    window = _window(1_795_000_000, 100_000)
    assert window == _Window(1_795_000_200, 4)
    option = read_push(window.option())
    assert option.hours == (("all", "11:10", "11:30"),)
    assert json.loads(window.option())["kinds"] == []
