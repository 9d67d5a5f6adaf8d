"""What drives a tree's benchmark, this one's or an older one's."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tideline.scripts.benchmarks.live import arena, throughput
from tideline.scripts.benchmarks.live.beside_driver import parts, run


def test_this_tree_can_be_driven() -> None:
    """Contract: what bench beside calls is there, so that later commits can be held against this one."""
    found = parts()
    assert found.arena is arena.arena
    assert found.prepare is throughput.prepare


def test_an_older_tree_is_driven_by_its_older_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: as in a tree where benchmarks lay elsewhere and `prepare` was private."""
    methods = {"start": None, "watch": None, "topics": None}
    old: dict[str, Any] = {
        "arena": SimpleNamespace(arena="stack", Arena=SimpleNamespace(**methods)),
        "throughput": SimpleNamespace(_prepare="filled"),
    }
    for name in ("tideline.scripts.benchmarks.live.arena", "tideline.scripts.benchmarks.live.throughput"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("scripts", "scripts.benchmarks"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    for name, module in old.items():
        monkeypatch.setitem(sys.modules, f"scripts.benchmarks.{name}", module)

    assert parts() == ("stack", "filled")

    old["arena"].Arena = SimpleNamespace(start=None, topics=None)
    with pytest.raises(LookupError, match=r"scripts\.benchmarks\.arena with watch"):
        parts()


def test_a_run_reads_the_filled_topic_from_its_start_and_is_cancelled() -> None:
    """Contract: all else it writes goes to topics of its own."""

    @dataclass
    class Topics:
        clickstream: str
        decisions: str

    asked: list[Any] = []
    seen = SimpleNamespace(
        samples=[SimpleNamespace(at_s=1.0, events=0.0), SimpleNamespace(at_s=2.0, events=9.0)],
        cpu_s=[{"redis": 0.5}, {"redis": 0.7}],
    )

    def answered(what: Any, answer: Any) -> Any:
        asked.append(what)
        return answer

    stage = SimpleNamespace(
        topics=lambda suffix, _: Topics(f"c-{suffix}", f"d-{suffix}"),
        start=lambda topics, options: answered((topics, options), "job"),
        watch=lambda job_id, events: answered((job_id, events), seen),
        stack=SimpleNamespace(rest=SimpleNamespace(cancel=asked.append)),
    )

    found = run(stage, Topics("filled", "other"), 3, 2, 9)

    assert found == [[1.0, 0.0, {"redis": 0.5}], [2.0, 9.0, {"redis": 0.7}]]
    assert asked == [(Topics("filled", "d-filled-3"), {"start": "earliest", "parallelism": "2"}), ("job", 9), "job"]
