"""The benchmark of pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.benchmarks.offline.push import push_bench
from tideline.scripts.parsers.bench_parser import PUSH_PARTS

if TYPE_CHECKING:
    import pytest


def test_parts_that_can_be_asked_for_are_those_there_are() -> None:
    assert tuple(push_bench.PARTS) == PUSH_PARTS


def test_what_is_not_asked_for_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: its key is there, and null."""
    monkeypatch.setitem(push_bench.PARTS, "room", lambda: {"used": 1.0})
    assert push_bench.measure(["room"]) == dict.fromkeys(PUSH_PARTS) | {"room": {"used": 1.0}}
