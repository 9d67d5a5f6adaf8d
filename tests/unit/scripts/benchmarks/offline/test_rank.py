"""The ranking benchmark: what is timed is right, and peers are not passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.offline import rank
from tideline.scripts.benchmarks.peers import peer_python

if TYPE_CHECKING:
    from pathlib import Path


def test_lists_that_are_timed_are_those_of_a_full_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: at each number of activities, at both widths of a context, and by the default policy."""
    monkeypatch.setattr(rank, "ACTIVITIES", (12, 60))
    monkeypatch.setattr(rank, "_REPEATS", 1)
    found = rank.measure_ours()
    assert found.keys() == {"12", "60", "dim_16", "default"}
    for each in (found["12"], found["60"], *found["dim_16"].values(), *found["default"].values()):
        assert each["exact"]
        assert each["us_per_user"] > 0
    assert all(each["pairs_us_per_user"] > 0 for each in found["default"].values())


def test_without_the_other_libraries_nothing_is_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Contract: refused with how to get them, before anything is timed."""
    monkeypatch.setattr(peer_python, "PYTHON", tmp_path / "none")
    with pytest.raises(ConfigError, match="scripts/setup --peers"):
        rank.measure()
