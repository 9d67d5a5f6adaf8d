"""Contract: a viewer gets the newest of each topic and never a queue; whoever polls polls once for all."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tideline.schemas.errors import Unavailable
from tideline.scripts.console.live import Feed, News, Poll, as_event, poll

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def _run(story: Callable[[Feed], Awaitable[None]]) -> None:
    async def told() -> None:
        await asyncio.wait_for(story(Feed()), 30)

    asyncio.run(told())


def test_a_slow_viewer_gets_the_newest_and_nothing_between() -> None:
    async def story(feed: Feed) -> None:
        feed.tell("a", {"n": 0})
        news = feed.follow(["a", "b"])
        assert await anext(news) == News("a", 1, {"n": 0})
        for number in range(1, 1_000):
            feed.tell("a", {"n": number})
        feed.tell("b", {"n": -1})
        assert [each.document["n"] for each in (await anext(news), await anext(news)) if each] == [999, -1]
        await news.aclose()

    _run(story)


def test_the_same_document_is_no_news() -> None:
    async def story(feed: Feed) -> None:
        feed.tell("a", {"n": 0})
        news = feed.follow(["a"], heartbeat_s=0.01)
        await anext(news)
        feed.tell("a", {"n": 0})
        assert await anext(news) is None  # the heartbeat
        waiting = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0)
        feed.tell("a", {"n": 1})
        found = await waiting
        assert found is None or found.document == {"n": 1}
        await news.aclose()

    _run(story)


def test_what_nobody_follows_is_forgotten() -> None:
    """Contract: who came and went leaves nothing behind, so a year of viewers costs no memory."""

    async def story(feed: Feed) -> None:
        for number in range(100):
            topic = f"user:{number}"
            first, second = feed.follow([topic]), feed.follow([topic])
            feed.tell(topic, {})
            await anext(first), await anext(second)
            assert (feed.followed(), feed.followers) == ([topic], 2)
            await first.aclose()
            assert feed.newest(topic) == {}
            await second.aclose()
        assert (feed.followed(), feed.followers, feed._newest) == ([], 0, {})

    _run(story)


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    """Contract: a topic or a text with line ends begins no event of its own."""
    told = as_event(News("user:a\ndata: x", 7, {"text": "b\n\ndata: y\r"})).decode()
    head, data, *rest = told.split("\n")
    assert (head, rest) == ("id: 7", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == {
        "topic": "user:a\ndata: x",
        "document": {"text": "b\n\ndata: y\r"},
    }
    assert as_event(None) == b": still here\n\n"


@pytest.mark.parametrize("error", [Unavailable("redis", "x"), OSError("gone"), KeyError("no such"), ValueError("half")])
def test_a_part_that_does_not_answer_is_told_and_asked_again(error: Exception) -> None:
    answers: list[Any] = [error, 1, error, 2]
    told: list[Any] = []

    def read() -> int:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return int(found)

    async def story(_feed: Feed) -> None:
        job = Poll(0.001, read, lambda found, at_ms: told.append(found), lambda text, at_ms: told.append(type(text)))
        running = asyncio.create_task(poll(job))
        while len(told) < 4:
            await asyncio.sleep(0.001)
        running.cancel()

    _run(story)
    assert told[:4] == [str, 1, str, 2]


def test_a_part_that_hangs_holds_nobody_up() -> None:
    """Contract: it is read in a thread of its own."""
    release = threading.Event()
    told: list[int] = []

    async def story(_feed: Feed) -> None:
        stuck = asyncio.create_task(poll(Poll(1.0, release.wait, lambda *_: None, lambda *_: None)))
        quick = asyncio.create_task(poll(Poll(0.001, lambda: 1, lambda found, _: told.append(found), lambda *_: None)))
        while len(told) < 3:
            await asyncio.sleep(0.001)
        release.set()
        stuck.cancel()
        quick.cancel()

    _run(story)
    assert told[:3] == [1, 1, 1]
