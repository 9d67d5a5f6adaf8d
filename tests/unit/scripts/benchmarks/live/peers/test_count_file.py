"""How far processes are, as another one reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.benchmarks.live.peers.count_file import CountFile, counted

if TYPE_CHECKING:
    from pathlib import Path


def test_counts_of_all_processes_are_added_up(tmp_path: Path) -> None:
    """Contract: what was told; a process that begins anew begins its count anew."""
    for number, events in enumerate((5, 7)):
        count = CountFile(tmp_path, number)
        count.add(events)
        count.add(1)
        count.tell()
    assert counted(tmp_path) == 5 + 7 + 2
    CountFile(tmp_path, 1).add(3)
    assert counted(tmp_path) == 6 + 3
