"""The benchmark of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.benchmarks.offline.rules import rules
from tideline.scripts.parsers.bench_parser import RULE_PARTS

if TYPE_CHECKING:
    import pytest


def test_parts_that_can_be_asked_for_are_those_there_are() -> None:
    assert tuple(rules.PARTS) == RULE_PARTS


def test_what_is_not_asked_for_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: its key is there, and null."""
    monkeypatch.setitem(rules.PARTS, "floors", lambda: {"worst_reached": 1.0})
    assert rules.measure(["floors"]) == dict.fromkeys(RULE_PARTS) | {"floors": {"worst_reached": 1.0}}
