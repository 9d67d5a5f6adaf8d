"""A deployment in memory behind a console, and a browser that asks it as the server would."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.core_world import NOON_MS, activity, token_for
from tests.support.push_verb import COMMAND
from tideline.schemas.errors import Unavailable
from tideline.scripts.audit.decision_scores import Ranking
from tideline.scripts.commands.activity_topic import ActivityTopic, InTopic
from tideline.scripts.console.app import Console
from tideline.scripts.console.guard import Guard
from tideline.scripts.console.pseudonyms import Pseudonyms
from tideline.scripts.console.sessions import Role, Sessions
from tideline.scripts.console.sources import CheckpointsSeen, JobSeen, LetterSeen, Pages, RedisSeen, Sources
from tideline.scripts.console.watching import Watching
from tideline.scripts.console.workshop import WORK, Workshop
from tideline.scripts.simulation.lists import NO_STOPS, Stops
from tideline.udfs.core.policies.policy_start import PolicyStart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message

    from tideline.schemas.events import Event
    from tideline.scripts.console.audit import Audit
    from tideline.scripts.console.messages import Switch

HOST = "127.0.0.1:8900"
TOKENS = {"v" * 32: Role.VIEWER, "o" * 32: Role.OPERATOR}
COOKIE = "tideline-console-8900"
NAMES = ("tea-10", "milk-5", "wine-2")
_RUNS = JobSeen("RUNNING", True, CheckpointsSeen(3, 0, NOON_MS, 1 << 20, 250))
_NO_ROWS = PolicyStart([], 0, 0, True)
_HEAD = "flink_taskmanager_job_task_operator_tideline_"


def list_of(names: Sequence[str], user: str = "u1", seq: int = 1) -> bytes:
    """Return the list of these activities as Redis has it, that end in a day."""
    minutes = [1_440] * len(names)
    token = token_for(user, names, seq=seq)
    return json.dumps({"v": [1, NOON_MS, seq], "m": 3, "i": list(names), "e": minutes, "k": token}).encode()


def metrics_page(**counters: float) -> str:
    """Return a page of a TaskManager that shows these metrics of the job."""
    return "".join(f'{_HEAD}{name}{{job_name="tideline",}} {value}\n' for name, value in counters.items())


@dataclass
class MemoryDeployment:
    """Every port of a deployment. Whoever clicks or views gets a new list, its last entry first."""

    payloads: dict[str, bytes] = field(default_factory=lambda: {"u1": list_of(NAMES)})
    sent: list[Event] = field(default_factory=list)
    dead: list[LetterSeen] = field(default_factory=list)
    page: str = metrics_page(records=10, list_ms=10, list_ms_le_100=9, list_ms_le_1000=10)
    seen_job: JobSeen = _RUNS
    down: set[str] = field(default_factory=set)
    """Ports that do not answer: redis, kafka, flink."""
    policy_rows: PolicyStart = _NO_ROWS
    told: Stops = NO_STOPS
    stopped: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of messages, by activity, all under the empty one."""

    @property
    def lists(self) -> MemoryDeployment:
        """The lists."""
        return self

    def _need(self, port: str) -> None:
        if port in self.down:
            raise Unavailable(port, f"{port} does not answer")

    def read(self, users: Sequence[str]) -> list[bytes | None]:
        """Return payloads."""
        self._need("redis")
        return [self.payloads.get(user) for user in users]

    def popular(self) -> bytes | None:
        """Return the popular list."""
        self._need("redis")
        return list_of(NAMES[:2], "")

    def stops(self) -> Stops:
        """Return what is stopped."""
        self._need("redis")
        return self.told

    def seen(self) -> RedisSeen:
        """Return how full it is."""
        self._need("redis")
        return RedisSeen(5 << 20, 0)

    def stopped_messages(self) -> dict[str, dict[str, Any]]:
        """Return who stopped messages."""
        self._need("redis")
        return dict(self.stopped)

    def switch_messages(self, switch: Switch, by: str, at_ms: int) -> bool:
        """Stop or start messages."""
        self._need("redis")
        name = switch.activity_id or ""
        if switch.stopped:
            self.stopped[name] = {"by": by, "at_ms": at_ms}
            return True
        return self.stopped.pop(name, None) is not None

    def pages(self) -> Pages:
        """Return the metrics of one process."""
        return Pages({"taskmanager-1": self.page})

    def job(self) -> JobSeen:
        """Return the job."""
        self._need("flink")
        return self.seen_job

    def letters(self, count: int) -> list[LetterSeen]:
        """Return dead letters."""
        self._need("kafka")
        return self.dead[:count]

    def activities(self) -> ActivityTopic:
        """Return three activities."""
        self._need("kafka")
        known = [activity(name, title=name.title(), categories=(name.split("-")[0].upper(),)) for name in NAMES]
        return ActivityTopic({each.activity_id: InTopic(each, NOON_MS) for each in known})

    def recent_users(self, count: int) -> list[str]:
        """Return who has a list."""
        self._need("kafka")
        return list(self.payloads)[:count]

    def policy(self, pinned: int | None) -> PolicyStart:
        """Return the policy's rows."""
        self._need("kafka")
        return self.policy_rows

    def send(self, event: Event) -> None:
        """Take an event and make the user's next list."""
        self._need("kafka")
        self.sent.append(event)
        former = json.loads(self.payloads.get(event.user_id) or list_of(NAMES, event.user_id, 0))
        names = [former["i"][-1], *former["i"][:-1]]
        self.payloads[event.user_id] = list_of(names, event.user_id, former["v"][2] + 1)

    def sources(self) -> Sources:
        """Return it as what a console reads."""
        return Sources("memory", "tideline", self, self, self, self)


def console_of(
    deployment: MemoryDeployment, writes: str | None = None, show_ids: bool = False, guard: Guard | None = None,
    audit: Audit | None = None, command: Sequence[str] = COMMAND,
) -> Console:  # fmt: skip
    """Return a console of the deployment, behind a guard for HOST if none is given; what takes a while is `command`."""
    names = Pseudonyms(show_ids)
    guard = guard or Guard(Sessions(TOKENS), frozenset({HOST}), COOKIE, writes is not None)
    watching = Watching(deployment.sources(), names, "tideline")
    tell = partial(watching.feed.tell, WORK)
    workshop = Workshop(Path("/absent"), ["--stack", "absent"], tell, command, ["--prefix=tideline"])
    ranking = Ranking("pairs", (1.0, 5.0, 0.0, 0.0))
    return Console(deployment.sources(), watching, names, guard, ranking, workshop, writes, audit)


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as a document."""
        return json.loads(self.body)


OWN = {
    "host": HOST,
    "sec-fetch-site": "same-origin",
    "origin": f"http://{HOST}",
    "content-type": "application/json",
    "x-tideline": "1",
}
"""What the console's own page sends; its GETs too."""


class Browser:
    """A browser with the console's page open: it keeps the session's cookie."""

    def __init__(self, application: ASGIApp, address: str | None = "127.0.0.1") -> None:
        self._application = application
        self._client = None if address is None else (address, 40_000)
        self.cookie: str | None = None

    def enter(self, role: Role = Role.VIEWER) -> Browser:
        """Show a token of that role."""
        (token,) = [token for token, its_role in TOKENS.items() if its_role is role]
        answer = self.ask("POST", "/api/session", {"token": token})
        assert answer.status == 200, answer
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return self

    def ask(self, method: str, path: str, body: Any = None, **changes: str | None) -> Answer:
        """Send a request; `changes` are headers, `_` for `-`, None for one that is left out."""
        return asyncio.run(self.asked(method, path, body, None, **changes))

    async def asked(
        self, method: str, path: str, body: Any = None, until: bytes | None = None, **changes: str | None
    ) -> Answer:
        """Send a request and take the answer: all of it, or until it holds some bytes, then hang up."""
        given = OWN | ({"cookie": self.cookie} if self.cookie else {})
        headers = {**given, **{name.replace("_", "-"): value for name, value in changes.items()}}
        raw = [(name.encode(), value.encode()) for name, value in headers.items() if value is not None]
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        started: dict[str, Any] = {}
        chunks: list[bytes] = []
        over = asyncio.Event()
        asked = iter([{"type": "http.request", "body": data, "more_body": False}])

        async def receive() -> Message:
            message = next(asked, None)
            if message is None:
                await over.wait()
                return {"type": "http.disconnect"}
            return message

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                chunks.append(message.get("body", b""))
                if until is not None and until in b"".join(chunks):
                    over.set()

        bare, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": bare, "raw_path": bare.encode(), "query_string": query.encode(), "headers": raw, "root_path": "",
            "server": ("127.0.0.1", 8900), "client": self._client,
        }  # fmt: skip
        await asyncio.wait_for(self._application(scope, receive, send), 60)
        headers_back = {name.decode().lower(): value.decode() for name, value in started["headers"]}
        return Answer(started["status"], headers_back, b"".join(chunks))
