"""Of a batch of users as they were after events of theirs the newest lists, written at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import SimpleNamespace

    from tideline.scripts.benchmarks.live.peers.count_file import CountFile
    from tideline.scripts.benchmarks.live.peers.event_body import EventBody
    from tideline.udfs.io.list_store import ListStore

_AT_ONCE = 500


class NewestLists:
    """What peers write with that hand over several users at once."""

    def __init__(self, body: EventBody, store: ListStore, count: CountFile) -> None:
        self._body, self._store, self._count = body, store, count

    def write(self, after: Sequence[tuple[str, SimpleNamespace]]) -> None:
        """Make the list of each user's last entry; all are in Redis when this returns, and each entry is an event."""
        newest = dict(after)
        names, users = list(newest), list(newest.values())
        for begin in range(0, len(names), _AT_ONCE):
            some = slice(begin, begin + _AT_ONCE)
            payloads = self._body.lists(names[some], users[some])
            self._store.write([name.encode() for name in names[some]], payloads)
        self._count.add(len(after))
