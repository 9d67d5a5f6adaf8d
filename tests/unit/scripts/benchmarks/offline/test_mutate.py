"""No command that reads a table ends in a traceback, whatever the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tideline.scripts.benchmarks.offline.mutate import COMMANDS, Outcome, measure, outcome

if TYPE_CHECKING:
    from pathlib import Path


def test_a_traceback_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: the hunt tells what a command let out; the whole files are answered by all."""

    def broken(argv: object) -> int:
        raise KeyError("seen")

    monkeypatch.setitem(COMMANDS, "report", ("export", broken, ("FILE",)))
    found = outcome("report", 1, tmp_path)
    assert isinstance(found, Outcome)
    assert "KeyError: 'seen'" in found.fault
    counts = measure(14, 1)
    assert counts["files"] == sum(sum(each.values()) for each in counts["commands"].values()) == 14
    assert len(counts["faults"]) == 2
