"""Contract: the lines of the frontend's contract, in four languages, read one file of cases alike.

Node, Go and a JDK are on every machine that runs this layer; one that is missing is named.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import fakeredis
import pytest
from jsonschema import Draft202012Validator

from tests.support.doc_pages import ROOT, blocks
from tideline.schemas.codec import decode_event
from tideline.schemas.events import EventType
from tideline.schemas.registry import SCHEMAS_PATH

_CASES: list[dict[str, Any]] = json.loads((SCHEMAS_PATH / "examples" / "reads.json").read_text())
_DRIVERS = ROOT / "tests" / "support" / "clients"
_JACKSON = ("annotations", "core", "databind")
_CODE = {
    block.language: block.code
    for page in ("frontend.md", "clients.md")
    for block in blocks((ROOT / "docs" / "contracts" / page).read_text())
}


class Told(NamedTuple):
    """What the lines of one language say of a case: what is drawn, the token, and the values of events."""

    shown: list[list[Any]]
    token: str | None
    sent: list[str]


class Client(Protocol):
    """Reads all cases by the lines of one language."""

    def __call__(self, folder: Path) -> list[Told]:
        """Read them once; `folder` is empty and its own."""


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not on PATH; on Debian: apt-get install {package}"
    return found


def _ran(command: list[str], folder: Path) -> str:
    environment = os.environ | {"GO111MODULE": "on", "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=json.dumps(_CASES),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _told(output: str) -> list[Told]:
    return [Told(**each) for each in json.loads(output)]


def _python(folder: Path) -> list[Told]:
    documented: dict[str, Any] = {}
    exec(_CODE["python"], documented)  # noqa: S102 - that it runs is what is tested
    found = []
    for case in _CASES:
        redis, sent = fakeredis.FakeRedis(), list[str]()
        for key, value in case["values"].items():
            redis.set(key, value)
        entries, token = documented["read_list"](redis, case["user"], case["now_ms"])
        producer = _Producer(sent)
        if entries:
            documented["report"](producer, case["user"], "conversion", entries[0], token, case["now_ms"], value=12.5)
        found.append(Told([list(entry) for entry in entries], token, sent))
    return found


class _Producer:
    def __init__(self, sent: list[str]) -> None:
        self._sent = sent

    def send(self, topic: str, *, key: bytes, value: bytes) -> None:
        self._sent.append(value.decode())


def _node(folder: Path) -> list[Told]:
    (folder / "main.js").write_text(_CODE["js"] + (_DRIVERS / "main.js").read_text())
    return _told(_ran([_program("node", "nodejs"), "main.js"], folder))


def _go(folder: Path) -> list[Told]:
    (folder / "tideline").mkdir()
    (folder / "go.mod").write_text("module cases\n\ngo 1.21\n")
    (folder / "tideline" / "tideline.go").write_text(_CODE["go"])
    shutil.copy(_DRIVERS / "main.go", folder)
    return _told(_ran([_program("go", "golang-go"), "run", "."], folder))


def _java(folder: Path) -> list[Told]:
    (folder / "Tideline.java").write_text(_CODE["java"])
    jars = [str(path) for part in _JACKSON for path in (ROOT / ".tideline/jars/kafka").glob(f"jackson-{part}-*.jar")]
    assert len(jars) == len(_JACKSON), "the broker's jars, which scripts/setup fetches, have Jackson"
    path = os.pathsep.join([*jars, "."])
    compile_it = [_program("javac", "openjdk-17-jdk-headless"), "-encoding", "UTF-8", "-Xlint:all", "-Werror"]
    _ran([*compile_it, "-cp", path, "-d", ".", "Tideline.java", str(_DRIVERS / "Main.java")], folder)
    return _told(_ran([_program("java", "openjdk-17-jdk-headless"), "-cp", path, "Main"], folder))


_CLIENTS = [pytest.param(client, id=client.__name__[1:]) for client in (_python, _node, _go, _java)]


def test_the_cases_hold_lists_as_they_are_written() -> None:
    """Contract: each list is one by its schema and begins as all do; each case says something of its own."""
    lists = Draft202012Validator(json.loads((SCHEMAS_PATH / "ranked_list.schema.json").read_text()))
    for case in _CASES:
        for key, value in case["values"].items():
            assert value.startswith('{"v":[')
            if key != "tideline:stops":
                lists.validate(json.loads(value))
    assert len({case["about"] for case in _CASES}) == len(_CASES)


@pytest.mark.parametrize("client", _CLIENTS)
def test_every_case_is_read_as_it_says(client: Client, tmp_path: Path) -> None:
    """Contract: what is drawn, with position and variant, the token, and one event of it that the job takes."""
    for case, told in zip(_CASES, client(tmp_path), strict=True):
        assert (told.shown, told.token) == (case["shown"], case["token"]), case["about"]
        assert len(told.sent) == bool(case["shown"])
        for value in told.sent:
            event = decode_event(case["user"].encode(), value.encode(), case["now_ms"])
            assert EventType(event.type) == EventType.CONVERSION
            assert (event.user_id, event.ts_ms, event.value) == (case["user"], case["now_ms"], 12.5)
            assert [event.position, event.activity_id] == case["shown"][0][:2]
            assert event.token == case["token"]
