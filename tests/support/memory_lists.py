"""Lists in memory under the rules of `tideline.udfs.io.list_store.ListStore`, for tests that need no server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from threading import Lock

from tideline.udfs.core.lists.list_version import ListVersion, parse_version
from tideline.udfs.io.list_store import WriteCounts


class MemoryLists:
    """Payload by user. Nothing expires."""

    def __init__(self) -> None:
        self.lists: dict[bytes, bytes] = {}
        self._lock = Lock()

    def write(self, users: Sequence[bytes], payloads: Sequence[bytes]) -> WriteCounts:
        """As `ListStore.write`; it never fails."""
        with self._lock:
            counts = Counter(self._write(user, payload) for user, payload in zip(users, payloads, strict=True))
        return WriteCounts(*(counts[name] for name in WriteCounts._fields))

    def _write(self, user: bytes, payload: bytes) -> str:
        version, erased_ms = parse_version(payload), _erased_ms(payload)
        stored = self.lists.get(user)
        if stored is None:
            self.lists[user] = payload
            return "written"
        before, erased_before = parse_version(stored), _erased_ms(stored)
        if erased_ms > erased_before:
            if before.as_of_ms > erased_ms:
                return "older"
            self.lists[user] = _of(payload, version._replace(generation=max(version.generation, before.generation)))
            return "written"
        if version.as_of_ms <= erased_before and erased_ms != erased_before:
            return "erased"
        if version <= before:
            return "same" if version == before else "older"
        self.lists[user] = payload if erased_ms == erased_before else _of(payload, version, erased_before)
        return "written"


def _erased_ms(payload: bytes) -> int:
    return int(json.loads(payload).get("x", -1))


def _of(payload: bytes, version: ListVersion, erased_ms: int | None = None) -> bytes:
    """Return a list with another version, and up to when its user was erased where that is given."""
    rest = payload[payload.index(b"]") + 1 :]
    erased = b"" if erased_ms is None else b',"x":%d' % erased_ms
    return b'{"v":[%d,%d,%d]' % version + erased + rest
