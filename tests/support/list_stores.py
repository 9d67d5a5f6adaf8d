"""The two stores of lists under one face: in memory, and on a real server."""

from __future__ import annotations

import random
from uuid import uuid4

from tests.support.memory_lists import MemoryLists
from tests.support.waiting import PATIENCE_S
from tideline.scripts.commands.redis_target import client_of
from tideline.udfs.io.list_store import ListStore

TTL_MS = 3_600_000


class Memory:
    """The lists in memory, with a look inside."""

    def __init__(self) -> None:
        self.store = MemoryLists()

    def writer(self) -> MemoryLists:
        return self.store

    def read(self, user: bytes) -> bytes | None:
        return self.store.lists.get(user)


class Real:
    """A server, or one that sentinels name, with a look inside."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.prefix = f"test-{uuid4()}"
        self.client = client_of(url)
        self.opened: list[ListStore] = []

    def writer(self) -> ListStore:
        self.opened.append(ListStore(self.url, self.prefix, TTL_MS, deadline_s=PATIENCE_S))
        return self.opened[-1]

    def read(self, user: bytes) -> bytes | None:
        stored: bytes | None = self.client.get(f"{self.prefix}:list:".encode() + user)  # type: ignore[assignment]
        return stored

    def close(self) -> None:
        for store in self.opened:
            store.close()
        self.client.close()


def payload(g: int, t: int, s: int) -> bytes:
    return b'{"v":[%d,%d,%d],"m":1,"i":["a"],"e":[5],"k":"%d"}' % (g, t, s, random.Random(g ^ t ^ s).getrandbits(200))
