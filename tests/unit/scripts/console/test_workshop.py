"""Contract: one verb at a time, as a process that can be ended; the browser names no file and no option."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.ope_files import rows, write
from tests.support.push_verb import COMMAND
from tests.support.waiting import PATIENCE_S
from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.console.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

_VERB = """import sys, time, pathlib
print(*sys.argv[1:], file=sys.stderr, flush=True)
out = sys.argv[sys.argv.index("--out") + 1]
pathlib.Path(out).write_text("rows")
if "--slow" in sys.argv: time.sleep(600)
if "--fails" in sys.argv: sys.exit("export: no such topic")
print(out + ": 7 rows")
"""


def _played(folder: Path, story: Callable[[Workshop, list[dict[str, Any]]], Awaitable[None]], *more: str) -> None:
    async def told() -> None:
        said: list[dict[str, Any]] = []
        workshop = Workshop(folder, ["--stack", "x", *more], said.append, [sys.executable, "-c", _VERB])
        try:
            await asyncio.wait_for(story(workshop, said), PATIENCE_S)
        finally:
            await workshop.close()

    asyncio.run(told())


async def _ended(workshop: Workshop) -> dict[str, Any]:
    while workshop.state()["running"]:
        await asyncio.sleep(0.01)
    return workshop.state()


def test_the_log_is_read_by_the_verb_and_told_when_it_is_there(tmp_path: Path) -> None:
    async def story(workshop: Workshop, said: list[dict[str, Any]]) -> None:
        workshop.start({"what": "log"})
        with pytest.raises(Unavailable, match="log is at work"):
            workshop.start({"what": "log"})
        found = await _ended(workshop)
        assert (found["log"]["says"], found["log"]["error"]) == ("7 rows", None)
        assert workshop.log.read_text() == "rows"
        assert said[0]["running"]["what"] == "log"
        assert any("export --stack x --out" in str(each["running"]) for each in said)

    _played(tmp_path, story)


def test_what_fails_says_why_and_leaves_the_former_log(tmp_path: Path) -> None:
    async def story(workshop: Workshop, _said: list[dict[str, Any]]) -> None:
        workshop.log.write_text("former")
        workshop.start({"what": "log"})
        assert (await _ended(workshop))["log"]["error"] == "export: no such topic"
        assert workshop.log.read_text() == "former"

    _played(tmp_path, story, "--fails")


def test_what_takes_too_long_is_ended_and_no_process_is_left(tmp_path: Path) -> None:
    """Contract: by who asked, and by the end of the console; the test's fixture looks for the process."""

    async def story(workshop: Workshop, said: list[dict[str, Any]]) -> None:
        for _ in range(2):
            workshop.start({"what": "log"})
            while not workshop.state()["running"]["says"]:
                await asyncio.sleep(0.01)
            workshop.cancel()
            assert (await _ended(workshop))["log"] is None
        workshop.start({"what": "log"})

    _played(tmp_path, story, "--slow")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (None, "what"),
        ({}, "what"),
        ({"what": "export"}, "what"),
        ({"what": "ope"}, "policy"),
        ({"what": "ope", "policy": "/etc/passwd"}, "policy"),
        ({"what": "ope", "policy": "decisions.parquet"}, "policy"),
        ({"what": "ope", "policy": "--log=/etc/passwd"}, "policy"),
        ({"what": "ope", "policy": "constant:../../etc/passwd"}, "policy"),
        ({"what": "ope", "policy": ["uniform"]}, "policy"),
        ({"what": "ope", "policy": "uniform"}, "log"),
        ({"what": "messages"}, "days"),
        ({"what": "messages", "days": 0}, "days"),
        ({"what": "messages", "days": 91}, "days"),
        ({"what": "messages", "days": True}, "days"),
        ({"what": "messages", "days": "7 --lost"}, "days"),
    ],
)
def test_the_browser_names_no_file_and_no_option(tmp_path: Path, asked: Any, told: str) -> None:
    async def story(workshop: Workshop, _said: list[dict[str, Any]]) -> None:
        with pytest.raises(ConfigError, match=told):
            workshop.start(asked)

    _played(tmp_path, story)


def test_without_a_kafka_there_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--bootstrap"):
        Workshop(tmp_path, None, lambda _: None).start({"what": "log"})


def test_a_policy_is_judged_by_the_verb_itself(tmp_path: Path) -> None:
    """Contract: the answer is that of `tideline ope --json`, also where it is that the data cannot say."""

    async def told() -> None:
        workshop = Workshop(tmp_path, None, lambda _: None)
        for count in (3_000, 600):
            write(tmp_path / "log.csv", rows(count)).rename(workshop.log)
            workshop.start({"what": "ope", "policy": "uniform"})
            found = (await asyncio.wait_for(_ended(workshop), PATIENCE_S))["ope"]
            assert (found["policy"], found["error"]) == ("uniform", None)
            if count == 3_000:
                assert found["found"]["estimates"]["dr"]["ci95"]
            else:
                assert "600 rows are too few" in found["found"]["refused"]

    asyncio.run(told())


def _messages(folder: Path, command: list[str], where: list[str] | None) -> dict[str, Any]:
    async def told() -> dict[str, Any]:
        workshop = Workshop(folder, where, lambda _: None, command, ["--redis-url-file", "f"])
        workshop.start({"what": "messages", "days": 7})
        return dict((await asyncio.wait_for(_ended(workshop), PATIENCE_S))["messages"])

    return asyncio.run(told())


def test_messages_are_what_the_two_verbs_say(tmp_path: Path) -> None:
    """Contract: byte for byte those of `tideline push`, status before plan."""
    found = _messages(tmp_path, COMMAND, ["--stack", "x"])
    for verb in ("status", "plan"):
        said = subprocess.run([*COMMAND, "push", verb], capture_output=True, check=True).stdout
        assert found[verb] == json.loads(said)
    assert (found["days"], found["error"], found["hint"]) == (7, None, None)


def test_what_cannot_be_read_of_messages_is_said_with_what_to_do(tmp_path: Path) -> None:
    verb = "import sys; print(sys.argv[1:]); sys.exit('push: kafka: there is no topic push; make it')"
    found = _messages(tmp_path, [sys.executable, "-c", verb], ["--stack", "x"])
    assert "no topic push" in found["error"]
    assert "option `push`" in found["hint"]
    assert "status" not in found


def test_one_message_is_looked_for_at_a_time(tmp_path: Path) -> None:
    """Contract: whoever asks meanwhile is told so, and no process is begun for him."""

    async def told() -> None:
        verb = "import pathlib, time; time.sleep(0.3); print('{}')"
        workshop = Workshop(tmp_path, ["--stack", "x"], lambda _: None, [sys.executable, "-c", verb])
        first = asyncio.create_task(workshop.explained("1-0-a"))
        await asyncio.sleep(0.05)
        with pytest.raises(Unavailable, match="another message"):
            await workshop.explained("1-0-b")
        assert await first == {}
        assert await workshop.explained("1-0-b") == {}

    asyncio.run(told())
