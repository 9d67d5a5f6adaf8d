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
from tideline.scripts.console.messages import hint
from tideline.udfs.core.policies.by_name import POLICIES, describe_policies, make_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORK = "work"
_TIDELINE = (sys.executable, "-m", "tideline.scripts.commands.tideline")
_KEPT = ("log", "ope", "messages")
_LINES = 8
_MOST_DAYS = 90
_CONSTANT = re.compile(r"constant:[\w.-]{1,100}")


class Workshop:
    """Runs verbs and keeps what came of the last of each, the log in a folder. To be used in one event loop.

    `where` are the options that say which Kafka is meant, `redis` those that say which Redis; `tell` is told each
    change.
    """

    def __init__(
        self,
        folder: Path,
        where: Sequence[str] | None,
        tell: Callable[[dict[str, Any]], None],
        command: Sequence[str] = _TIDELINE,
        redis: Sequence[str] = (),
    ) -> None:
        self._where, self._tell, self._command, self._redis = where, tell, command, redis
        self.log = folder / "decisions.parquet"
        """Where the log of decisions is once it was read."""
        self._running: asyncio.Task[None] | None = None
        policies = ["uniform", *sorted(POLICIES)]
        self._document: dict[str, Any] = {"running": None, "policies": policies} | dict.fromkeys(_KEPT)
        self._explaining = asyncio.Lock()

    def state(self) -> dict[str, Any]:
        """Return what runs, and what came of the last of each."""
        return self._document

    def start(self, asked: Any) -> None:
        """Begin what a request asks for.

        Such as {"what": "log"}, {"what": "ope", "policy": TEXT}, {"what": "messages", "days": NUMBER}.

        Raises:
            ConfigError: it is of another form, there is no log yet, or no Kafka is named.
            Unavailable: something runs already.
        """
        what = asked.get("what") if isinstance(asked, dict) else None
        if what == "log":
            verbs = [self._export()]
        elif what == "ope":
            verbs = [self._judge(asked.get("policy"))]
        elif what == "messages":
            verbs = self._messages(asked.get("days"))
        else:
            raise ConfigError("what", what, ", ".join(_KEPT))
        if self._running is not None:
            raise Unavailable("the console", f"{self._document['running']['what']} is at work; wait or cancel it")
        self._change(running={"what": what, "since_ms": now_ms(), "says": []})
        self._running = asyncio.create_task(self._run(str(what), verbs, asked))

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

    async def explained(self, push_id: str) -> dict[str, Any] | str:
        """Return what `tideline push explain` says of an id, or in a line why it says nothing.

        It is not among what all viewers are told, for it is of a person.

        Raises:
            Unavailable: another one is being looked for.
            ConfigError: no Kafka is named.
        """
        argv = ["push", "explain", *self._kafka(), *self._redis, "--json", "--", push_id]
        if self._explaining.locked():
            raise Unavailable("the console", "another message is being looked for; ask again in a while")
        async with self._explaining:
            process = await self._begun(argv)
            try:
                told, errors = await process.communicate()
            finally:
                await _ended(process)
        if process.returncode == Exit.DONE:
            return dict(json.loads(told))
        return (errors.decode(errors="replace").strip().splitlines() or ["nothing was found"])[-1]

    def _kafka(self) -> Sequence[str]:
        if self._where is None:
            raise ConfigError("--bootstrap", None, "a Kafka, which has the topics; none is named")
        return self._where

    def _export(self) -> list[str]:
        return ["export", *self._kafka(), "--out", f"{self.log}.new"]

    def _messages(self, days: object) -> list[list[str]]:
        if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= _MOST_DAYS:
            raise ConfigError("days", days, f"a whole number, 1 to {_MOST_DAYS}")
        log = [*self._kafka(), f"--days={days}", "--json"]
        return [["push", "status", *log, *self._redis], ["push", "plan", *log]]

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

    async def _run(self, what: str, verbs: Sequence[Sequence[str]], asked: dict[str, Any]) -> None:
        """Run verbs one after the other, up to the first that fails."""
        outputs: list[bytes] = []
        status: int = Exit.DONE
        try:
            for argv in verbs:
                process = await self._begun(argv)
                try:
                    outputs.append(await self._told(process))
                    status = await process.wait()
                finally:
                    await _ended(process)
                if status not in (Exit.DONE, Exit.CANNOT_SAY):
                    break
            self._ended(what, status, outputs, asked)
        except asyncio.CancelledError:
            told = self._document[what] or {} if what == "messages" else {}
            self._change(**{} if what == "log" else {what: told | {"error": "cancelled", "at_ms": now_ms()}})
            raise
        finally:
            self._running = None
            self._change(running=None)

    async def _begun(self, argv: Sequence[str]) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(*self._command, *argv, stdout=pipe, stderr=pipe)

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

    def _ended(self, what: str, status: int, outputs: Sequence[bytes], asked: dict[str, Any]) -> None:
        says, told = self._document["running"]["says"], outputs[0]
        if status not in (Exit.DONE, Exit.CANNOT_SAY):
            error = says[-1] if says else f"ended with status {status}"
            self._change(**{what: (self._document[what] or {}) | {"error": error, "hint": hint(error, None)}})
        elif what == "log":
            Path(f"{self.log}.new").replace(self.log)
            rows = told.decode(errors="replace").rpartition(": ")[2].strip()
            self._change(log={"at_ms": now_ms(), "error": None, "says": rows})
        elif what == "messages":
            found, plan = map(json.loads, outputs)
            told_of = {"days": asked["days"], "status": found, "plan": plan, "hint": hint(None, found)}
            self._change(messages=told_of | {"error": None, "at_ms": now_ms()})
        else:
            found = json.loads(told) if told else {"refused": says[-1] if says else "nothing was found"}
            self._change(ope={"policy": asked["policy"], "found": found, "error": None, "at_ms": now_ms()})

    def _change(self, **parts: Any) -> None:
        self._document = self._document | parts
        self._tell(self._document)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a process that has not ended yet, and wait until it has."""
    with suppress(ProcessLookupError):
        if process.returncode is None:
            process.terminate()
    await process.wait()
