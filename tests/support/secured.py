"""A job on a broker with logins and rights, and the commands beside it."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from tests.support.doc_pages import ROOT
from tests.support.live import LiveJob
from tests.support.secure_broker import Doors, documented_rights
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.topics import Topics
from tideline.scripts.commands import tideline

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.localstack import Stack

RIGHTS = documented_rights((ROOT / "docs" / "operate.md").read_text(), NAME="july")
COMMANDS = {
    "topics": ["topics"],
    "activity put": ["activity", "put", str(ROOT / "tests" / "support" / "paused.json")],
    "activity show": ["activity", "show"],
    "activity check --days": ["activity", "check", str(ROOT / "tests" / "support" / "paused.json"), "--days", "1"],
    "control": ["control", "republish", "id=x"],
    "experiment start": ["experiment", "start", "--id", "x"],
    "experiment stop": ["experiment", "stop", "--id", "x"],
    "experiment watch": ["experiment", "watch", "--id", "x"],
    "export": ["export", "--out", "x.parquet"],
    "model rollback": ["model", "rollback"],
    "archive": ["archive", "--to", "archive"],
}
USERS = [f"secured-{number}" for number in range(20)]


def gates(registry: Path) -> list[str]:
    """Return options with which the better of two encoders passes every gate."""
    easy = ["--most-us", "1e6", "--slowdown", "1e6", "--registry", str(registry)]
    return [*json.loads((registry / "gates").read_text()), *easy]


def program(argv: list[str]) -> list[str]:
    """Return a command line of tideline as a process of its own."""
    return [sys.executable, "-m", "tideline.scripts.commands.tideline", *argv]


class Secured:
    """A job with the login of a stack that has such, and the commands beside it, each with a login of its own."""

    def __init__(self, stack: Stack, broker: Doors) -> None:
        self._broker = broker
        names = json.dumps(Topics().by_role())
        self.job = LiveJob(stack, "secured", group_id="tideline", topics=names, prefix="tideline")

    def run(self, login: str, *argv: str) -> None:
        """Run a command of a login with the rights of the table."""
        path = self._broker.login(RIGHTS[login])
        assert tideline.main([*argv, "--bootstrap", self._broker.outside, "--config", str(path)]) == 0, login

    def ordered(self, login: str, *argv: str) -> None:
        """Run a command that gives the job an order, and wait until it is carried out."""
        before = self.job.metrics()["control_applied"]
        self.run(login, *argv)
        wait_until(f"{login} is carried out", lambda: self.job.metrics()["control_applied"] > before)

    def submit(self, *argv: str, status: int = 0) -> None:
        """Submit as an operator does, the login from the environment."""
        options = [part for key, value in self.job.options.items() for part in (f"--{key.replace('_', '-')}", value)]
        assert tideline.main([*argv, "--stack", self.job.stack.name, *options]) == status

    def play(self, number: int) -> None:
        """Everybody looks at something, and the first entry of each list is seen."""
        now_ms = int(time.time() * 1000)
        views = [Event(f"{user}.{number}", user, EventType.VIEW, now_ms, category="BEEF") for user in USERS]
        self.job.produce([(event.user_id.encode(), encode_event(event)) for event in views])
        self.job.drain()
        lists = {user: json.loads(payload) for user, payload in self.job.lists(USERS).items()}
        shown = [
            Event(f"{user}.{number}.s", user, EventType.IMPRESSION, now_ms, activity_id=found["i"][0],
                  token=found["k"], position=0)
            for user, found in lists.items()
        ]  # fmt: skip
        self.job.produce([(event.user_id.encode(), encode_event(event)) for event in shown])
        self.job.drain()
