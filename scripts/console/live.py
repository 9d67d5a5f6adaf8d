"""One poller for each part of a deployment, whoever looks on, and the newest document of each topic for all viewers."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.errors import TidelineError
from tideline.scripts.localstack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence

HEARTBEAT_S = 15.0
_WORLD_IS_BAD = (OSError, TidelineError, StackError, ValueError, KeyError)
"""What an answer that does not come, or is none, ends in."""
_LOG = logging.getLogger(__name__)


class News(NamedTuple):
    """A newer document of a topic."""

    topic: str
    number: int
    document: dict[str, Any]


class Feed:
    """The newest document of each topic. Who follows some gets the newest of each and no queue: nobody can be behind.

    To be used in one event loop.
    """

    def __init__(self) -> None:
        self._newest: dict[str, News] = {}
        self._followers: Counter[str] = Counter()
        self._number = 0
        self._bell = asyncio.Event()

    def tell(self, topic: str, document: dict[str, Any]) -> None:
        """Replace the document of a topic, and tell who follows it if it is another one."""
        former = self._newest.get(topic)
        if former is not None and former.document == document:
            return
        self._number += 1
        self._newest[topic] = News(topic, self._number, document)
        self._bell.set()
        self._bell = asyncio.Event()

    def newest(self, topic: str) -> dict[str, Any] | None:
        """Return the document of a topic, None where there is none yet."""
        found = self._newest.get(topic)
        return found.document if found else None

    def followed(self) -> list[str]:
        """Return the topics that somebody follows."""
        return list(self._followers)

    @property
    def followers(self) -> int:
        """How many followings there are."""
        return self._followers.total()

    @contextmanager
    def following(self, topics: Sequence[str]) -> Iterator[None]:
        """Count as a follower meanwhile; what nobody follows any more is forgotten."""
        self._followers.update(topics)
        try:
            yield
        finally:
            self._followers.subtract(topics)
            for topic in [topic for topic, count in self._followers.items() if not count]:
                del self._followers[topic]
                self._newest.pop(topic, None)

    async def follow(self, topics: Sequence[str], heartbeat_s: float = HEARTBEAT_S) -> AsyncGenerator[News | None]:
        """Yield the newest document of each topic, and each newer one; None where nothing came for a while."""
        told = 0
        with self.following(topics):
            while True:
                bell = self._bell
                news = [self._newest[topic] for topic in dict.fromkeys(topics) if topic in self._newest]
                fresh = sorted((each for each in news if each.number > told), key=lambda each: each.number)
                for each in fresh:
                    told = each.number
                    yield each
                if not fresh:
                    try:
                        await asyncio.wait_for(bell.wait(), heartbeat_s)
                    except TimeoutError:
                        yield None


def as_event(news: News | None) -> bytes:
    """Return news as a line of `text/event-stream`, None as a comment that keeps the connection open."""
    if news is None:
        return b": still here\n\n"
    text = json.dumps(news.document, separators=(",", ":"))  # one line: JSON has no bare line end
    topic = json.dumps(news.topic)
    return f'id: {news.number}\ndata: {{"topic":{topic},"document":{text}}}\n\n'.encode()


class Poll(NamedTuple):
    """What is read again and again in a thread, and what is done with the answer in the event loop."""

    every_s: float
    read: Callable[[], Any]
    took: Callable[[Any, int], None]
    failed: Callable[[str, int], None]


async def poll(job: Poll) -> None:
    """Read for ever. Where a part does not answer, that is told and it is asked again."""
    while True:
        started_s = time.monotonic()
        try:
            found = await asyncio.to_thread(job.read)
        except _WORLD_IS_BAD as error:
            job.failed(str(error).partition("\n")[0] or type(error).__name__, now_ms())
        else:
            job.took(found, now_ms())
        await asyncio.sleep(max(job.every_s - (time.monotonic() - started_s), job.every_s / 4))


async def together(loops: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run loops until one fails or all are cancelled; a failure ends the others."""
    async with asyncio.TaskGroup() as group:
        for each in loops:
            group.create_task(each)


def now_ms() -> int:
    """Return the time, UTC epoch milliseconds."""
    return int(time.time() * 1000)
