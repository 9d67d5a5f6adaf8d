"""What is looked at all the time: the parts of a deployment, for Health, and the lists of users who are followed."""

from __future__ import annotations

import asyncio
import math
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tideline.schemas.errors import Unavailable
from tideline.scripts.commands.activity_topic import ActivityTopic
from tideline.scripts.console.health import health
from tideline.scripts.console.live import Feed, Poll, now_ms, poll, together
from tideline.scripts.console.looks import Counting, Looks
from tideline.scripts.console.playground import list_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.scripts.console.pseudonyms import Pseudonyms
    from tideline.scripts.console.sources import KafkaPort, Sources
    from tideline.scripts.simulation.lists import Stops
    from tideline.udfs.core.catalogue.activity import Activity

ReadT = TypeVar("ReadT")
HEALTH = "health"
USER = "user:"
LETTERS = 20
_METRICS_S, _FLINK_S, _REDIS_S, _KAFKA_S = 2.0, 2.0, 5.0, 10.0
_LISTS_S = 0.2
_AT_ONCE, _THREADS = 8, 24


class Watching:
    """The newest of everything. Its methods are called in one event loop; what waits for others runs in threads."""

    def __init__(self, sources: Sources, names: Pseudonyms, job: str) -> None:
        self.feed = Feed()
        self.looks = Looks()
        self.topic = ActivityTopic()
        self._sources, self._names = sources, names
        self._counting = Counting(job)
        self._lists: dict[str, tuple[bytes | None, Stops]] = {}
        self._letters = -1.0
        self._read: dict[str, tuple[Any, float]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._aside = asyncio.Semaphore(_AT_ONCE)

    @property
    def known(self) -> dict[str, Activity]:
        """The activities of the topic by id."""
        return {name: each.activity for name, each in self.topic.known.items()}

    async def run(self) -> None:
        """Look until cancelled."""
        # asyncio's own has as many threads as cores, and a few: parts that hang would take them all
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
        await together([*map(poll, self._polls()), self._watch_lists()])

    async def newest(self, what: str, read: Callable[[], ReadT]) -> ReadT:
        """Return what was read of late, or read it in a thread: however many ask, it is read once in ten seconds."""
        async with self._locks.setdefault(what, asyncio.Lock()):
            found, at_s = self._read.get(what, (None, -math.inf))
            if time.monotonic() - at_s > _KAFKA_S:
                found = await self.aside(read)
                self._read[what] = found, time.monotonic()
        return cast("ReadT", found)

    def forget(self, what: str) -> None:
        """Let the next who asks have it read anew: it was changed."""
        self._read.pop(what, None)

    async def aside(self, ask: Callable[..., ReadT], *arguments: Any) -> ReadT:
        """Return what a request asks a part for, in a thread; few at once, so that looks always have one."""
        async with self._aside:
            return await asyncio.to_thread(ask, *arguments)

    def _polls(self) -> list[Poll]:
        sources = self._sources
        polls = [Poll(_REDIS_S, sources.redis.seen, self._took("redis"), self._failed("redis"))]
        if sources.metrics is not None:
            polls.append(Poll(_METRICS_S, sources.metrics.pages, self._counted, lambda error, at_ms: None))
        if sources.flink is not None:
            polls.append(Poll(_FLINK_S, sources.flink.job, self._took("job"), self._failed("job")))
        if sources.kafka is not None:
            polls.append(Poll(_KAFKA_S, sources.kafka.activities, self._took_activities, lambda error, at_ms: None))
            letters = partial(self._new_letters, sources.kafka)
            polls.append(Poll(_METRICS_S, letters, self._took_letters, self._failed("letters")))
        return polls

    def _took(self, part: str) -> Any:
        def took(seen: Any, at_ms: int) -> None:
            setattr(self.looks, part, getattr(self.looks, part).again(seen, at_ms))
            self._tell(at_ms)

        return took

    def _failed(self, part: str) -> Any:
        def failed(error: str, at_ms: int) -> None:
            setattr(self.looks, part, getattr(self.looks, part).failed(error, at_ms))
            self._tell(at_ms)

        return failed

    def _counted(self, pages: Any, at_ms: int) -> None:
        self.looks.counted.append(self._counting.take(pages, at_ms))
        self._tell(at_ms)

    def _took_activities(self, topic: Any, at_ms: int) -> None:
        if topic != self.topic:
            self.topic = topic
            self._lists.clear()  # what an entry is called may be another thing now

    def _new_letters(self, kafka: KafkaPort) -> Any:
        """Read dead letters where more are counted than at the last reading: a look at the topic costs a connection."""
        counted = self.looks.counted[-1].total("dead_letters") if self.looks.counted else 0.0
        look = self.looks.letters
        if counted == self._letters and look.error is None and now_ms() - look.at_ms < 1000 * _KAFKA_S:
            return None
        found = kafka.letters(LETTERS)
        self._letters = counted
        return found

    def _took_letters(self, letters: Any, at_ms: int) -> None:
        if letters is not None:
            self._took("letters")(letters, at_ms)

    def _tell(self, at_ms: int) -> None:
        self.feed.tell(HEALTH, health(self.looks, self._names, at_ms))

    async def _watch_lists(self) -> None:
        """Read the lists of all users who are followed at once, five times a second."""
        while True:
            users = [topic.removeprefix(USER) for topic in self.feed.followed() if topic.startswith(USER)]
            self._lists = {user: shown for user, shown in self._lists.items() if user in users}
            if users:
                await self._look_at_lists(users)
            await asyncio.sleep(_LISTS_S)

    async def _look_at_lists(self, users: list[str]) -> None:
        try:
            payloads = await asyncio.to_thread(self._sources.redis.lists.read, list(map(self._names.meant, users)))
            stops = await asyncio.to_thread(self._sources.redis.stops)
        except Unavailable:  # Health tells it; the lists that were shown stay as they are
            return
        for user, payload in zip(users, payloads, strict=True):
            told = user in self._lists and self.feed.newest(USER + user) is not None
            if not told or self._lists[user] != (payload, stops):
                self._lists[user] = payload, stops
                self.feed.tell(USER + user, list_document(user, payload, now_ms(), self.known, stops=stops))
