"""Contract: a step is noted with when it began, how long it took and how long its thread had a core meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tideline.scripts.benchmarks.live.second import noted
from tideline.scripts.benchmarks.live.second.noted import Notes
from tideline.scripts.benchmarks.live.second.told import Span, spans, steps

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_noted_is_read_back(tmp_path: Path) -> None:
    began = noted.now()
    time.sleep(0.05)
    notes = Notes(tmp_path, "learn")
    notes.add("learn", began, 200)
    notes.close()

    (step,) = steps(tmp_path, {})

    assert (step.what, step.more) == ("learn", (200.0,))
    assert step.begin_ms == pytest.approx(began[0], abs=0.001)
    assert step.wall_ms >= 50
    assert 0 <= step.cpu_ms < step.wall_ms  # it slept
    assert list(spans([step])) == [Span(f"{step.process} learn", "L", step.begin_ms, step.begin_ms + step.wall_ms)]
