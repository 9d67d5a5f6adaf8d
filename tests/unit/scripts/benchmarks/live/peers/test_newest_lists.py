"""Of several entries of a user the last one makes his list."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from tests.support.memory_lists import MemoryLists
from tideline.scripts.benchmarks.live.peers.count_file import CountFile, counted
from tideline.scripts.benchmarks.live.peers.newest_lists import NewestLists

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Numbered:
    """Makes lists that say no more than how many events are behind them."""

    def lists(self, names: Sequence[str], users: Sequence[SimpleNamespace]) -> list[bytes]:
        """Return one for each name."""
        return [b'{"v":[1,1,%d]}' % user.seq for _, user in zip(names, users, strict=True)]


def test_the_newest_entry_of_each_user_is_written_and_every_one_counts(tmp_path: Path) -> None:
    """Contract: however many users there are."""
    kept, count = MemoryLists(), CountFile(tmp_path, 0)
    newest = NewestLists(Numbered(), kept, count)  # type: ignore[arg-type]
    entries = [(f"u{number % 700}", SimpleNamespace(seq=number)) for number in range(1_000)]
    newest.write(entries)
    count.tell()
    wanted = {f"u{number % 700}".encode(): b'{"v":[1,1,%d]}' % number for number in range(1_000)}
    assert kept.lists == wanted
    assert counted(tmp_path) == 1_000
