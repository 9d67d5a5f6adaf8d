"""Users who are there before the first event are those of the traffic, and their histories are full."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tideline.scripts.benchmarks.live.full_states import entry_with
from tideline.scripts.benchmarks.live.peopled import people
from tideline.scripts.benchmarks.live.traffic import user_name
from tideline.scripts.commands.package import build_package

if TYPE_CHECKING:
    from pathlib import Path


def test_everybody_of_the_traffic_is_there_once_with_one_of_the_states(tmp_path: Path) -> None:
    """Contract: as they were written into the folder; what is submitted lies beside them."""
    entry = entry_with(tmp_path / "in", 4_001, [b"a", b"bcd", b"ef"])
    found = {name: state for names, states in people(entry.parent) for name, state in zip(names, states, strict=True)}
    assert list(found) == [user_name(number) for number in range(4_001)]
    assert [found[user_name(number)] for number in (0, 1, 2, 3, 4_000)] == [b"a", b"bcd", b"ef", b"a", b"bcd"]


def test_what_is_submitted_runs_with_what_a_cluster_has(tmp_path: Path) -> None:
    """Contract: the packaged job beside it is all of Tideline that it needs."""
    entry = entry_with(tmp_path / "in", 1, [b"a"])
    packages = build_package(tmp_path / "job") / "packages"
    reads = f"import runpy; print(runpy.run_path({str(entry)!r})['PeopledRank'].__name__)"
    ran = subprocess.run(
        [sys.executable, "-c", reads],
        env={"PYTHONPATH": str(packages)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.returncode) == ("PeopledRank\n", 0), ran.stderr
