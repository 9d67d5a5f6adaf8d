"""Lists in memory under the rules of `tideline.udfs.io.list_store.ListStore`, for tests that need no server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from threading import Lock

from tideline.udfs.core.lists.list_version import parse_version
from tideline.udfs.io.list_store import WriteCounts


class MemoryLists:
    """Payload by user, and by user the time (ms) up to which he was erased. Nothing expires."""

    def __init__(self) -> None:
        self.lists: dict[bytes, bytes] = {}
        self.erased_ms: dict[bytes, int] = {}
        self._lock = Lock()

    def write(self, users: Sequence[bytes], payloads: Sequence[bytes]) -> WriteCounts:
        """As `ListStore.write`; it never fails."""
        with self._lock:
            counts = Counter(self._write(user, payload) for user, payload in zip(users, payloads, strict=True))
        return WriteCounts(*(counts[name] for name in WriteCounts._fields))

    def _write(self, user: bytes, payload: bytes) -> str:
        version = parse_version(payload)
        if version.as_of_ms <= self.erased_ms.get(user, -1):
            return "erased"
        stored = self.lists.get(user)
        if stored is not None and version <= parse_version(stored):
            return "same" if version == parse_version(stored) else "older"
        self.lists[user] = payload
        return "written"
