"""A reader that looks at lists ten times a second and remembers every step back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import redis

from tests.support.waiting import PATIENCE_S
from tideline.udfs.core.lists.list_version import ListVersion, parse_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from tests.support.live import LiveJob

_PERIOD_S = 0.1


class VersionWatch:
    """While it is open: samples the lists of some users; a list that is away is no step back, an older one is."""

    def __init__(self, job: LiveJob, users: Sequence[str]) -> None:
        self.samples = 0
        self.unreadable = 0
        self.steps_back: list[tuple[str, ListVersion, ListVersion]] = []
        self._job = job
        self._users = users
        self._newest: dict[str, ListVersion] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="version-watch", daemon=True)

    def __enter__(self) -> VersionWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        if kind is None:
            assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.wait(_PERIOD_S):
            try:
                self._sample()
            except (redis.ConnectionError, redis.TimeoutError):
                self.unreadable += 1  # could not read: neither older nor newer

    def _sample(self) -> None:
        for user, payload in self._job.lists(self._users).items():
            version = parse_version(payload)
            before = self._newest.get(user, version)
            if version < before:
                self.steps_back.append((user, before, version))
            self._newest[user] = max(before, version)
        self.samples += 1
