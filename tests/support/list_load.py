"""A writer that renews everybody's list again and again, and a reader who remembers what he saw."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import redis

from tests.support.list_stores import payload
from tideline.scripts.commands.redis_target import client_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tideline.udfs.io.list_store import ListStore

USERS = [b"user-%d" % number for number in range(300)]
FIRST_MS = 1_001


class Load:
    """A writer that gives every user a newer list in each round, and a reader who remembers what he saw."""

    def __init__(self, prefix: str) -> None:
        self.round, self.read = 0, 0
        self.back: list[tuple[bytes, list[int], list[int]]] = []
        self.pause = threading.Lock()
        self._prefix, self._over = prefix, threading.Event()
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []

    def start(self, store: ListStore, url: str) -> None:
        """Begin; the reader asks by an URL of his own."""
        for work in (lambda: self._write(store), lambda: self._look(url)):
            self._threads.append(threading.Thread(target=self._kept, args=[work]))
            self._threads[-1].start()

    def stop(self) -> None:
        """End; what went wrong is raised."""
        self._over.set()
        for each in self._threads:
            each.join()
        for failure in self._failures:
            raise failure

    def _kept(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._failures.append(error)

    def _write(self, store: ListStore) -> None:
        while not self._over.is_set():
            with self.pause:
                counts = store.write(USERS, [payload(1, FIRST_MS + self.round, 1)] * len(USERS))
                assert counts.written + counts.same == len(USERS)
                self.round += 1

    def _look(self, url: str) -> None:
        seen: dict[bytes, list[int]] = {}
        with client_of(url) as client:
            while not self._over.is_set():
                for user in USERS:
                    try:
                        stored: Any = client.get(f"{self._prefix}:list:{user.decode()}")
                    except redis.RedisError:
                        continue  # what has no primary answers nobody
                    self.read += 1
                    if stored is not None:
                        version = json.loads(stored)["v"]
                        if version < seen.get(user, version):
                            self.back.append((user, seen[user], version))
                        seen[user] = version


def versions(url: str, prefix: str, users: Sequence[bytes] = USERS) -> list[list[int] | None]:
    """Return the version of each user's list, as a client of that URL reads them."""
    with client_of(url) as client:
        found: Any = client.mget([f"{prefix}:list:{user.decode()}" for user in users])
    return [None if each is None else json.loads(each)["v"] for each in found]
