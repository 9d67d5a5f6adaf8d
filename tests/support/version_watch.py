"""A reader that looks at lists ten times a second and remembers every step back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis

from tests.support.watch import Watch
from tideline.udfs.core.lists.list_version import ListVersion, parse_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.live import LiveJob

_PERIOD_S = 0.1


class VersionWatch(Watch):
    """While it is open: samples the lists of some users; a list that is away is no step back, an older one is."""

    def __init__(self, job: LiveJob, users: Sequence[str]) -> None:
        super().__init__(_PERIOD_S)
        self.samples = 0
        self.unreadable = 0
        self.steps_back: list[tuple[str, ListVersion, ListVersion]] = []
        self._job = job
        self._users = users
        self._newest: dict[str, ListVersion] = {}

    def look(self) -> None:
        """Look at the lists; one that cannot be read is neither older nor newer."""
        try:
            self._sample()
        except (redis.ConnectionError, redis.TimeoutError):
            self.unreadable += 1

    def _sample(self) -> None:
        for user, payload in self._job.lists(self._users).items():
            version = parse_version(payload)
            before = self._newest.get(user, version)
            if version < before:
                self.steps_back.append((user, before, version))
            self._newest[user] = max(before, version)
        self.samples += 1
