"""Contract: each route says what it is for, in JSON, and what is wrong in one line."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.console_world import NAMES, Browser, MemoryDeployment, console_of
from tests.support.waiting import PATIENCE_S
from tideline.schemas.events import EventType
from tideline.scripts.console import app
from tideline.scripts.console.sessions import Role
from tideline.scripts.console.watching import HEALTH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tideline.scripts.console.app import Console


def _watched(console: Console, story: Callable[[Browser], Awaitable[None]]) -> None:
    """Play a story while the console looks at its deployment."""
    browser = Browser(console.application()).enter(Role.OPERATOR)

    async def told() -> None:
        watching = asyncio.create_task(console.watching.run())
        try:
            await asyncio.wait_for(story(browser), PATIENCE_S)
        finally:
            watching.cancel()

    asyncio.run(told())


def _documents(body: bytes) -> list[Any]:
    return [json.loads(line[6:]) for line in body.decode().splitlines() if line.startswith("data: ")]


def test_a_click_changes_the_list_that_is_being_watched() -> None:
    """Contract: over one connection that is open all the while, with the event as it was sent."""
    deployment = MemoryDeployment()

    async def story(browser: Browser) -> None:
        path = "/api/live?topic=health&topic=user:u1"
        watching = asyncio.create_task(browser.asked("GET", path, until=b'\\"v\\": [1, 1700000000000, 2]'))
        while not deployment.sent:
            await asyncio.sleep(0.01)
            if "user:u1" in console.watching.feed.followed() and console.watching.feed.newest("user:u1"):
                click = {"user": "u1", "type": "click", "activity": NAMES[2]}
                answer = await browser.asked("POST", "/api/events", click)
                assert (answer.status, answer.json()["event"]["activity_id"]) == (202, NAMES[2])
        answer = await watching
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        lists = [each["document"] for each in _documents(answer.body) if each["topic"] == "user:u1"]
        assert [entry["activity_id"] for entry in lists[-1]["list"]["entries"]] == [NAMES[2], *NAMES[:2]]
        assert lists[-1]["list"]["entries"][0]["title"] == "Wine-2"

    console = console_of(deployment, writes="u*")
    _watched(console, story)
    (event,) = deployment.sent
    assert (event.type, event.user_id, event.position) == (EventType.CLICK, "u1", 2)


def test_health_is_told_and_turns_red_when_the_job_ends() -> None:
    deployment = MemoryDeployment()

    async def story(browser: Browser) -> None:
        await browser.asked("GET", f"/api/live?topic={HEALTH}", until=b'"state":"good"')
        deployment.seen_job = deployment.seen_job._replace(state="RESTARTING", runs=False)
        told = await browser.asked("GET", f"/api/live?topic={HEALTH}", until=b"Lists are not made")
        assert _documents(told.body)[-1]["document"]["state"] == "bad"
        whole = await browser.asked("GET", "/api/health")
        assert whole.json()["points"]

    _watched(console_of(deployment), story)


def test_nobody_is_named_where_ids_are_not_shown() -> None:
    """Contract: neither among the users nor in his list's address nor in what was sent."""
    deployment = MemoryDeployment(payloads={"secret-id": MemoryDeployment().payloads["u1"]})
    browser = Browser(console_of(deployment, writes="*").application()).enter(Role.OPERATOR)
    (name,) = browser.ask("GET", "/api/users").json()["users"]
    answers = [
        browser.ask("GET", f"/api/users/{name}"),
        browser.ask("POST", "/api/events", {"user": name, "category": "TEA"}),
    ]
    assert [answer.status for answer in answers] == [200, 202]
    assert all(b"secret-id" not in answer.body for answer in answers)
    assert deployment.sent[0].user_id == "secret-id"


@pytest.mark.parametrize(("pattern", "status"), [("u*", 202), ("test-*", 403), ("", 403)])
def test_events_are_sent_of_users_like_the_pattern_alone(pattern: str, status: int) -> None:
    deployment = MemoryDeployment()
    browser = Browser(console_of(deployment, writes=pattern).application()).enter(Role.OPERATOR)
    assert browser.ask("POST", "/api/events", {"user": "u1", "category": "TEA"}).status == status
    assert len(deployment.sent) == (status == 202)


def test_a_user_without_a_list_is_shown_the_popular_one() -> None:
    browser = Browser(console_of(MemoryDeployment()).application()).enter()
    found = browser.ask("GET", "/api/users/nobody").json()
    assert (found["popular"], len(found["list"]["entries"])) == (True, 2)


@pytest.mark.parametrize("name", ["a/b", "a%2Fb?x", "ü", "a b", "../../api/health", "x" * 3_000])
def test_any_id_can_be_asked_for(name: str) -> None:
    assert Browser(console_of(MemoryDeployment()).application()).enter().ask("GET", f"/api/users/{name}").status == 200


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/api/live", 400, "topic"),
        ("/api/live?topic=control", 400, "topic"),
        ("/api/live?" + "&".join(["topic=health"] * 9), 400, "topic"),
        ("/api/runbooks/none", 400, "alert"),
    ],
)
def test_what_cannot_be_answered_is_said(path: str, status: int, told: str) -> None:
    answer = Browser(console_of(MemoryDeployment()).application()).enter().ask("GET", path)
    assert (answer.status, told in answer.json()["error"]) == (status, True)


def test_a_part_that_does_not_answer_is_a_line_and_not_a_traceback() -> None:
    deployment = MemoryDeployment(down={"redis", "kafka"})
    browser = Browser(console_of(deployment, writes="*").application()).enter(Role.OPERATOR)
    for path in ("/api/users", "/api/users/u1", "/api/explain/u1"):
        answer = browser.ask("GET", path)
        assert (answer.status, "does not answer" in answer.json()["error"]) == (503, True)
    assert browser.ask("POST", "/api/events", {"user": "u1", "category": "TEA"}).status == 503


def test_viewers_are_bounded_and_a_session_that_ended_hears_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    console = console_of(MemoryDeployment())

    async def story(browser: Browser) -> None:
        listening = asyncio.create_task(browser.asked("GET", f"/api/live?topic={HEALTH}"))
        while not console.watching.feed.followers:
            await asyncio.sleep(0.01)
        monkeypatch.setattr(app, "_MOST_VIEWERS", 1)
        assert (await browser.asked("GET", f"/api/live?topic={HEALTH}")).status == 503
        assert (await browser.asked("DELETE", "/api/session")).status == 204
        assert (await listening).status == 200  # it ended by itself, with the next news

    _watched(console, story)


def test_the_console_says_what_it_may() -> None:
    told = Browser(console_of(MemoryDeployment()).application()).enter().ask("GET", "/api/session").json()
    assert told == {"name": "memory", "prefix": "tideline", "role": "viewer", "writes": None, "show_ids": False}
