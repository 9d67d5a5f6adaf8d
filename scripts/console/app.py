"""The routes of the console, and nothing else: each hands on to what makes its document."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tideline.schemas.errors import ConfigError, InvalidRecord, TidelineError, Unavailable
from tideline.scripts.console.explain import explain
from tideline.scripts.console.guard import MAX_BODY, Guard, Guarded
from tideline.scripts.console.health import points
from tideline.scripts.console.learned import Learned
from tideline.scripts.console.live import as_event, now_ms
from tideline.scripts.console.messages import message_told, push_id_of, stops_told, switch_of
from tideline.scripts.console.offers import offer, offers
from tideline.scripts.console.playground import event_for, list_document, request_of, told_of_event
from tideline.scripts.console.runbooks import runbook
from tideline.scripts.console.trials import experiments
from tideline.scripts.console.watching import HEALTH, USER, Watching
from tideline.scripts.console.workshop import WORK, Workshop
from tideline.scripts.localstack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from tideline.scripts.audit.decision_scores import Ranking
    from tideline.scripts.console.audit import Audit
    from tideline.scripts.console.pseudonyms import Pseudonyms
    from tideline.scripts.console.sources import KafkaPort, Sources

STATIC = Path(__file__).with_name("static")
STOPS = "stops of messages"
_USERS = 50
_MOST_VIEWERS = 500
_MOST_TOPICS = 4
_LASTS_S = 12 * 3600
_TOLD = (TidelineError, StackError, ClientDisconnect, ValueError, KeyError, RecursionError)
"""What a request may end in: the deployment is not as it should be, or the request is not."""


@dataclass(frozen=True)
class Console:
    """A console.

    Attributes:
        sources: What it shows.
        watching: The newest of it.
        names: What users are called.
        guard: Who may take which route.
        ranking: How the job scores.
        workshop: What takes a while.
        writes: Pattern of the user ids that events may be sent of, None where none may.
        audit: Where each look at a person is written down, None for nowhere.
    """

    sources: Sources
    watching: Watching
    names: Pseudonyms
    guard: Guard
    ranking: Ranking
    workshop: Workshop
    writes: str | None = None
    audit: Audit | None = None

    def application(self) -> Guarded:
        """Return it as a server runs it."""
        return Guarded(self.routed(), self.guard)

    def routed(self) -> Starlette:
        """Return it without its guard."""
        routes = [
            Route("/", self._page),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/api/session", self._entered, methods=["GET"]),
            Route("/api/session", self._enter, methods=["POST"]),
            Route("/api/session", self._leave, methods=["DELETE"]),
            Route("/api/health", self._health),
            Route("/api/activities", self._offers),
            Route("/api/activities/{name:path}", self._offer),
            Route("/api/users", self._users),
            Route("/api/users/{name:path}", self._list),
            Route("/api/explain/{name:path}", self._explain),
            Route("/api/runbooks/{name}", self._runbook),
            Route("/api/experiments", self._experiments),
            Route("/api/messages/stops", self._stops, methods=["GET"]),
            Route("/api/messages/explain/{name:path}", self._message),
            Route("/api/work", self._work, methods=["GET"]),
            Route("/api/work", self._start, methods=["POST"]),
            Route("/api/work", self._cancel, methods=["DELETE"]),
            Route("/api/live", self._live),
            *(self._writing() if self.writes is not None else []),
        ]
        handlers: Any = dict.fromkeys(_TOLD, _failed)
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)

    def _writing(self) -> list[Route]:
        return [
            Route("/api/events", self._send, methods=["POST"]),
            Route("/api/messages/stops", self._switch, methods=["POST"]),
        ]

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(self.watching.run())
        try:
            yield
        finally:
            await self.workshop.close()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _page(self, _request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def _enter(self, request: Request) -> Response:
        asked = await request.json()
        token = asked.get("token") if isinstance(asked, dict) else None
        session = self.guard.sessions.enter(token) if isinstance(token, str) else None
        if session is None:
            return JSONResponse({"error": "this token opens nothing"}, 401)
        answer = JSONResponse(self._about(session))
        secure = request.headers.get("origin", "").startswith("https://")
        answer.set_cookie(self.guard.cookie, session, max_age=_LASTS_S, httponly=True, samesite="strict", secure=secure)
        return answer

    async def _entered(self, request: Request) -> Response:
        return JSONResponse(self._about(request.state.session))

    async def _leave(self, request: Request) -> Response:
        self.guard.sessions.leave(request.state.session)
        answer = Response(status_code=204)
        answer.delete_cookie(self.guard.cookie, httponly=True, samesite="strict")
        return answer

    def _about(self, session: str) -> dict[str, Any]:
        return {
            "name": self.sources.name,
            "prefix": self.sources.prefix,
            "role": self.guard.sessions.role(session),
            "writes": self.writes,
            "show_ids": self.names.show_ids,
        }

    async def _health(self, _request: Request) -> Response:
        found = self.watching.feed.newest(HEALTH) or {"sentence": "Nothing was looked at yet."}
        return JSONResponse(found | {"points": points(self.watching.looks)})

    async def _offers(self, _request: Request) -> Response:
        return JSONResponse(offers(self.watching.topic, await self._learned(), now_ms()))

    async def _offer(self, request: Request) -> Response:
        name = request.path_params["name"]
        return JSONResponse(offer(self.watching.topic, await self._learned(), name, now_ms()))

    async def _learned(self) -> Learned:
        kafka = self._kafka("the activities")
        return await self.watching.newest("learned", lambda: Learned.of(kafka.policy(None)))

    def _kafka(self, what: str) -> KafkaPort:
        if self.sources.kafka is None:
            raise ConfigError("--bootstrap", None, f"a Kafka, which has {what}; none is named")
        return self.sources.kafka

    async def _users(self, _request: Request) -> Response:
        kafka = self.sources.kafka
        users = await self.watching.aside(kafka.recent_users, _USERS) if kafka is not None else []
        return JSONResponse({"users": [self.names.shown(user) for user in users]})

    def _looks(self, request: Request, look: str, name: str) -> None:
        if self.audit is not None:
            self.audit.note(self.guard.sessions, request.state.session, look, self.names.meant(name))

    async def _list(self, request: Request) -> Response:
        name = request.path_params["name"]
        self._looks(request, "list", name)
        (payload,) = await self.watching.aside(self.sources.redis.lists.read, [self.names.meant(name)])
        is_popular = payload is None
        if is_popular:
            payload = await self.watching.aside(self.sources.redis.lists.popular)
        stops = await self.watching.aside(self.sources.redis.stops)
        return JSONResponse(list_document(name, payload, now_ms(), self.watching.known, is_popular, stops))

    async def _explain(self, request: Request) -> Response:
        name, kafka = request.path_params["name"], self._kafka("the policy")
        self._looks(request, "explain", name)
        (payload,) = await self.watching.aside(self.sources.redis.lists.read, [self.names.meant(name)])
        told = await self.watching.aside(explain, payload, self.watching.known, self.ranking, kafka.policy)
        return JSONResponse(told)

    async def _experiments(self, _request: Request) -> Response:
        return JSONResponse(await self.watching.aside(experiments, self.workshop.log))

    async def _stops(self, _request: Request) -> Response:
        stops = await self.watching.newest(STOPS, self.sources.redis.stopped_messages)
        return JSONResponse(stops_told(stops, self.watching.known))

    async def _switch(self, request: Request) -> Response:
        switch, session = switch_of(await request.json()), request.state.session
        if self.audit is not None and not switch.stopped:
            self.audit.did(self.guard.sessions, session, "start", switch.activity_id)
        by = self.guard.sessions.person(session) or "an operator at the console"
        changed = await self.watching.aside(self.sources.redis.switch_messages, switch, by, now_ms())
        self.watching.forget(STOPS)
        if self.audit is not None and switch.stopped:
            self.audit.did(self.guard.sessions, session, "stop", switch.activity_id)
        stops = await self.watching.newest(STOPS, self.sources.redis.stopped_messages)
        return JSONResponse({"changed": changed, **stops_told(stops, self.watching.known)})

    async def _message(self, request: Request) -> Response:
        found = await self.workshop.explained(push_id_of(request.path_params["name"]))
        if isinstance(found, str):
            return JSONResponse({"error": found}, 404)
        user = self.names.shown(found["user_id"])
        self._looks(request, "message", user)
        return JSONResponse(message_told(found, user, self.names.show_ids))

    async def _work(self, _request: Request) -> Response:
        return JSONResponse(self.workshop.state())

    async def _start(self, request: Request) -> Response:
        self.workshop.start(await request.json())
        return JSONResponse(self.workshop.state(), 202)

    async def _cancel(self, _request: Request) -> Response:
        self.workshop.cancel()
        return JSONResponse(self.workshop.state())

    async def _runbook(self, request: Request) -> Response:
        return JSONResponse({"text": runbook(request.path_params["name"])})

    async def _send(self, request: Request) -> Response:
        body = await request.body()
        name = request_of(body)["user"]
        user = self.names.meant(name)
        if self.writes is None or not fnmatchcase(user, self.writes):
            return JSONResponse({"error": f"events are sent of users like {self.writes!r} alone"}, 403)
        self._looks(request, "send", name)
        (payload,) = await self.watching.aside(self.sources.redis.lists.read, [user])
        event = event_for(body, payload, now_ms(), user)
        await self.watching.aside(self._kafka("the clickstream").send, event)
        return JSONResponse({"event": told_of_event(event, name)}, 202)

    async def _live(self, request: Request) -> Response:
        topics = request.query_params.getlist("topic")
        known = all(topic in (HEALTH, WORK) or topic.startswith(USER) for topic in topics)
        if not known or not 0 < len(topics) <= _MOST_TOPICS:
            raise ConfigError("topic", ", ".join(topics), f"{HEALTH}, {WORK} and {USER}NAME, {_MOST_TOPICS} at most")
        if self.watching.feed.followers >= _MOST_VIEWERS:
            raise Unavailable("the console", f"{_MOST_VIEWERS} viewers follow already")
        for topic in topics:
            if topic.startswith(USER):
                self._looks(request, "follow", topic.removeprefix(USER))
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._news(topics, request.state.session), 200, headers, "text/event-stream")

    async def _news(self, topics: list[str], session: str) -> AsyncIterator[bytes]:
        yield b"retry: 2000\n\n"
        async with contextlib.aclosing(self.watching.feed.follow(topics)) as news:
            async for each in news:
                if self.guard.sessions.role(session) is None:
                    return
                yield as_event(each)


def _failed(_request: Request, error: Exception) -> Response:
    """Say in one line what is wrong: the world (503), or what was asked (400)."""
    if isinstance(error, ConfigError | InvalidRecord):
        return JSONResponse({"error": str(error)}, 400)
    if isinstance(error, Unavailable | StackError):
        return JSONResponse({"error": str(error)}, 503)
    if isinstance(error, ClientDisconnect):
        return JSONResponse({"error": f"over {MAX_BODY:,} bytes, or cut short"}, 413)
    return JSONResponse({"error": f"what was asked for cannot be read: {type(error).__name__}: {error}"}, 422)
