"""Contract: every command in README and docs is one that there is, with the options it is given there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.doc_commands import Documented, documented, is_there, unknown_flags
from tests.support.doc_pages import DECISIONS, PAGES, ROOT, blocks, prose
from tideline.schemas.records import CONTROL
from tideline.scripts.commands.tideline import main as tideline
from tideline.scripts.parsers.test_parser import LAYERS, WHEN_NAMED
from tideline.udfs.core.control.control import decode_control

_COMMANDS = documented()
_FEWEST = 60
_TOP = "jobs|udfs|models|schemas|scripts|tests|flink-conf|docs"
_PATH = re.compile(rf"`((?:{_TOP})/[\w./-]+)`")
_NAME = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`")
_CODE = ("*.py", "*.avsc", "*.json", "*.lua", "*.yaml")
_STANDS_FOR = {"NAME": "a-name", "OFFSET": 17}
_PRESENT = [page for page in PAGES if DECISIONS not in page.parents]


def test_the_pages_were_read() -> None:
    """Contract: a check that finds nothing to check says so."""
    assert len(_COMMANDS) >= _FEWEST
    assert {command.door for command in _COMMANDS} >= {"scripts/demo", "scripts/tideline", "scripts/topics"}


@pytest.mark.parametrize("command", sorted(set(_COMMANDS)), ids=str)
def test_a_command_is_there_and_knows_its_subcommands_and_options(command: Documented) -> None:
    """Contract: the door is there, its --help works at that subcommand, and has every option that the page gives."""
    assert is_there(command)
    if command.door.startswith("scripts/"):
        assert (ROOT / command.door).read_text().startswith("#!/usr/bin/env bash\n")
    assert unknown_flags(command) == set()


@pytest.mark.parametrize("command", [each for each in _COMMANDS if each.door == "scripts/test"], ids=str)
def test_a_layer_of_tests_that_is_named_is_one(command: Documented) -> None:
    assert set(command.verbs) <= {*LAYERS, *WHEN_NAMED}


@pytest.mark.parametrize(
    "command", [each for each in _COMMANDS if each.door == "scripts/control" and len(each.words) > 1], ids=str
)
def test_an_order_is_one_that_the_job_takes(command: Documented) -> None:
    """Contract: the job's own decoding takes it, with a value in the place of what stands for one."""
    kind, *pairs = command.words[1:]
    argument = {name: _value(name, text) for name, text in (pair.split("=", 1) for pair in pairs)}
    if kind == "model":
        argument |= {"version": 7, "sha256": "0" * 64}

    decode_control(CONTROL.encode({"kind": kind, "argument": json.dumps(argument), "issued_ms": 1_700_000_000_000}))


def _value(name: str, text: str) -> Any:
    if name in ("id", "path", "placement"):
        return f"/{text}" if name == "path" else text
    return _STANDS_FOR[text] if text in _STANDS_FOR else json.loads(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_file_that_is_named_is_there(page: Any) -> None:
    """Contract: paths of the repository in a page exist, but for those with a NAME to be put in."""
    named = {path for path in _PATH.findall(prose(page.read_text())) if not re.search(r"[A-Z]{2}", path)}

    assert {path for path in named if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", _PRESENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_name_that_is_told_is_in_the_code(page: Any, source: str, words: frozenset[str]) -> None:
    """Contract: options, metrics, columns and reasons that a page names are words of the code or built from them."""
    names = set(_NAME.findall(page.read_text()))

    assert {name for name in names - words if not _built(name, source)} == set()


def _built(name: str, source: str) -> bool:
    """Metrics are made of a prefix and the name of an outcome, so their halves are in the code and not the whole."""
    cuts = [at for at, letter in enumerate(name) if letter == "_"]
    if name.endswith("_file"):  # an option's secret in a file of its own
        return name.removesuffix("_file") in source
    return any(f"{name[: at + 1]}{{" in source and re.search(rf'"{name[at + 1 :]}"', source) for at in cuts)


@pytest.fixture(scope="module")
def source() -> str:
    files = [path for top in _TOP.split("|")[:5] for pattern in _CODE for path in (ROOT / top).rglob(pattern)]
    return "\n".join(path.read_text() for path in files if "artefacts" not in path.parts)


@pytest.fixture(scope="module")
def words(source: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", source))


def test_the_configuration_that_the_page_prints_can_be_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: the example of docs/configuration.md runs as it stands, given the two secrets."""
    (block,) = blocks((ROOT / "docs" / "configuration.md").read_text())
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("TIDELINE_REDIS_URL", "redis://REDIS:6379/0")
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", json.dumps({"1": "5e" * 32}))

    assert tideline(block.code.partition("scripts/tideline ")[2].split()) == 0
    assert "bootstrap          = KAFKA:9092   # --bootstrap\n" in capsys.readouterr().out


def test_the_registry_that_comes_along_can_be_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (command,) = {each.words for each in _COMMANDS if each.verbs == ("model", "list")}

    assert tideline(command[1:]) == 0
    assert {each["name"] for each in json.loads(capsys.readouterr().out)} >= {"demo-1", "demo-2"}
