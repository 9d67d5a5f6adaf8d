"""What takes a while: the log of decisions is read, a policy is judged. One verb at a time, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.commands.exits import Exit
from tideline.scripts.console.live import now_ms
from tideline.udfs.core.policies.by_name import POLICIES, describe_policies, make_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORK = "work"
_TIDELINE = (sys.executable, "-m", "tideline.scripts.commands.tideline")
_LINES = 8
_CONSTANT = re.compile(r"constant:[\w.-]{1,100}")


class Workshop:
    """Runs verbs and keeps what came of the last of each, the log in a folder. To be used in one event loop.

    `where` are the options that say which Kafka is meant; `tell` is told each change.
    """

    def __init__(
        self,
        folder: Path,
        where: Sequence[str] | None,
        tell: Callable[[dict[str, Any]], None],
        command: Sequence[str] = _TIDELINE,
    ) -> None:
        self._where, self._tell, self._command = where, tell, command
        self.log = folder / "decisions.parquet"
        """Where the log of decisions is once it was read."""
        self._running: asyncio.Task[None] | None = None
        policies = ["uniform", *sorted(POLICIES)]
        self._document: dict[str, Any] = {"running": None, "log": None, "ope": None, "policies": policies}

    def state(self) -> dict[str, Any]:
        """Return what runs, and what came of the last of each."""
        return self._document

    def start(self, asked: Any) -> None:
        """Begin what a request asks for: {"what": "log"}, or {"what": "ope", "policy": TEXT}.

        Raises:
            ConfigError: it is of another form, there is no log yet, or no Kafka is named.
            Unavailable: something runs already.
        """
        what = asked.get("what") if isinstance(asked, dict) else None
        if what == "log":
            argv = self._export()
        elif what == "ope":
            argv = self._judge(asked.get("policy"))
        else:
            raise ConfigError("what", what, "log, ope")
        if self._running is not None:
            raise Unavailable("the console", f"{self._document['running']['what']} is at work; wait or cancel it")
        self._change(running={"what": what, "since_ms": now_ms(), "says": []})
        self._running = asyncio.create_task(self._run(str(what), argv, asked))

    def cancel(self) -> None:
        """End what runs; nothing comes of it."""
        if self._running is not None:
            self._running.cancel()

    async def close(self) -> None:
        """End what runs, and wait until it has ended."""
        running = self._running
        self.cancel()
        if running is not None:
            with suppress(asyncio.CancelledError):
                await running

    def _export(self) -> list[str]:
        if self._where is None:
            raise ConfigError("--bootstrap", None, "a Kafka, which has the decisions; none is named")
        return ["export", *self._where, "--out", f"{self.log}.new"]

    def _judge(self, policy: object) -> list[str]:
        """No path and no option of the browser's: files of the server are nobody's business."""
        allowed = f"uniform, constant:ACTIVITY, or {describe_policies()}"
        if not isinstance(policy, str) or not policy:
            raise ConfigError("policy", policy, allowed)
        if policy != "uniform" and not _CONSTANT.fullmatch(policy):
            make_policy(policy)
        if not self.log.exists():
            raise ConfigError("log", None, "a log: read what was shown first")
        return ["ope", "--log", str(self.log), f"--policy={policy}", "--json"]

    async def _run(self, what: str, argv: Sequence[str], asked: dict[str, Any]) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._command, *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            told = await self._told(process)
            status = await process.wait()
            self._ended(what, status, told, asked)
        except asyncio.CancelledError:
            self._change(**{what: {"error": "cancelled", "at_ms": now_ms()}} if what == "ope" else {})
            raise
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            self._running = None
            self._change(running=None)

    async def _told(self, process: asyncio.subprocess.Process) -> bytes:
        """Return what a process printed; what it says meanwhile on standard error is told."""
        if process.stdout is None or process.stderr is None:
            raise Unavailable("the console", "the verb has no output")
        told, _ = await asyncio.gather(process.stdout.read(), self._listen(process.stderr))
        return told

    async def _listen(self, errors: asyncio.StreamReader) -> None:
        while line := await errors.readline():
            said = [*self._document["running"]["says"], line.decode(errors="replace").rstrip()][-_LINES:]
            self._change(running=self._document["running"] | {"says": said})

    def _ended(self, what: str, status: int, told: bytes, asked: dict[str, Any]) -> None:
        says = self._document["running"]["says"]
        if status not in (Exit.DONE, Exit.CANNOT_SAY):
            error = says[-1] if says else f"ended with status {status}"
            self._change(**{what: (self._document[what] or {}) | {"error": error}})
        elif what == "log":
            Path(f"{self.log}.new").replace(self.log)
            rows = told.decode(errors="replace").rpartition(": ")[2].strip()
            self._change(log={"at_ms": now_ms(), "error": None, "says": rows})
        else:
            found = json.loads(told) if told else {"refused": says[-1] if says else "nothing was found"}
            self._change(ope={"policy": asked["policy"], "found": found, "error": None, "at_ms": now_ms()})

    def _change(self, **parts: Any) -> None:
        self._document = self._document | parts
        self._tell(self._document)
