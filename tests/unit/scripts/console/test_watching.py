"""Contract: all viewers of a user cost one look, and what is not there yet is told when it comes."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from tests.support.console_world import MemoryDeployment, list_of, metrics_page
from tests.support.waiting import PATIENCE_S
from tideline.scripts.console.pseudonyms import Pseudonyms
from tideline.scripts.console.sources import LetterSeen, Sources
from tideline.scripts.console.watching import HEALTH, Watching

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

_LETTER = LetterSeen("bad_json", "no object", "clickstream", 0, 1, 1, b"u1", b"{")


@dataclass
class _Counted(MemoryDeployment):
    looks: int = 0
    asked: int = 0

    def read(self, users: Sequence[str]) -> list[bytes | None]:
        self.looks += 1
        self.asked += len(users)
        return super().read(users)


def _watched(deployment: MemoryDeployment, story: Callable[[Watching], Awaitable[None]]) -> None:
    async def told() -> None:
        watching = Watching(deployment.sources(), Pseudonyms(True), "tideline")
        running = asyncio.create_task(watching.run())
        try:
            await asyncio.wait_for(story(watching), PATIENCE_S)
        finally:
            running.cancel()

    asyncio.run(told())


def test_fifty_viewers_of_a_user_cost_one_look() -> None:
    deployment = _Counted()

    async def story(watching: Watching) -> None:
        viewers = [watching.feed.follow(["user:u1"]) for _ in range(50)]
        found = await asyncio.gather(*map(anext, viewers))
        assert {each.number for each in found if each} == {found[0].number if found[0] else None}
        assert deployment.asked == deployment.looks
        for viewer in viewers:
            await viewer.aclose()
        before = deployment.looks
        await asyncio.sleep(0.5)
        assert deployment.looks <= before + 1  # nobody looks on any more

    _watched(deployment, story)


def test_who_comes_back_is_told_the_same_list_again() -> None:
    async def story(watching: Watching) -> None:
        for _ in range(3):
            viewer = watching.feed.follow(["user:u1"])
            assert await anext(viewer) is not None
            await viewer.aclose()

    _watched(MemoryDeployment(), story)


def test_titles_are_told_once_they_are_known() -> None:
    """Contract: a list that was shown without them is shown again."""
    deployment = MemoryDeployment(down={"kafka"})

    async def story(watching: Watching) -> None:
        viewer = watching.feed.follow(["user:u1"])
        first = await anext(viewer)
        assert first is not None
        assert first.document["list"]["entries"][0]["title"] is None
        deployment.down.clear()
        second = await anext(viewer)
        assert second is not None
        assert second.document["list"]["entries"][0]["title"] == "Tea-10"
        await viewer.aclose()

    _watched(deployment, story)


def test_a_redis_that_goes_away_takes_no_list_away_and_nobody_down() -> None:
    deployment = MemoryDeployment()

    async def story(watching: Watching) -> None:
        viewer = watching.feed.follow(["user:u1", HEALTH])
        while (news := await anext(viewer)) is None or news.topic == HEALTH:
            pass
        deployment.down = {"redis"}
        while (news := await anext(viewer)) is None or "Redis" not in news.document.get("sentence", ""):
            assert news is None or news.topic == HEALTH
        deployment.down = set()
        deployment.payloads["u1"] = list_of(["tea-10"], seq=9)
        while (news := await anext(viewer)) is None or news.topic == HEALTH:
            pass
        assert news.document["list"]["version"][2] == 9
        await viewer.aclose()

    _watched(deployment, story)


def test_a_refused_record_is_there_as_soon_as_it_is_counted() -> None:
    deployment = MemoryDeployment(page=metrics_page(dead_letters=0))

    async def story(watching: Watching) -> None:
        while watching.looks.letters.seen is None:
            await asyncio.sleep(0.01)
        deployment.dead.insert(0, _LETTER)
        deployment.page = metrics_page(dead_letters=1, dead_letter_bad_json=1)
        viewer = watching.feed.follow([HEALTH])
        while (news := await anext(viewer)) is None or not news.document["refused"]["letters"]:
            pass
        assert news.document["refused"]["letters"][0]["reason"] == "bad_json"
        await viewer.aclose()

    _watched(deployment, story)


def test_requests_that_hang_hold_no_look_up() -> None:
    """Contract: a hundred of them, each waiting for a part that does not answer; lists are told all the same."""
    deployment, release = MemoryDeployment(), threading.Event()

    async def story(watching: Watching) -> None:
        hanging = [asyncio.create_task(watching.aside(release.wait, PATIENCE_S)) for _ in range(100)]
        viewer = watching.feed.follow(["user:u1"])
        try:
            assert await anext(viewer) is not None
            assert watching.looks.redis.seen is not None
            assert not any(each.done() for each in hanging)
        finally:
            release.set()
        await asyncio.gather(*hanging)
        await viewer.aclose()

    _watched(deployment, story)


def test_what_many_ask_for_is_read_once() -> None:
    numbers = count()

    async def story(watching: Watching) -> None:
        found = await asyncio.gather(*(watching.newest("x", lambda: next(numbers)) for _ in range(50)))
        assert set(found) == {0}

    _watched(MemoryDeployment(), story)


def test_parts_that_are_not_named_are_not_asked() -> None:
    deployment = MemoryDeployment(down={"kafka", "flink"})
    watching = Watching(Sources("redis alone", "tideline", deployment), Pseudonyms(True), "tideline")
    assert len(watching._polls()) == 1
