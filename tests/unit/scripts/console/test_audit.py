"""Contract: no person is looked at without a line that says so, and the line tells nobody who it is."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.console_world import Browser, MemoryDeployment, console_of
from tests.support.core_world import KEYS, NOON_MS
from tideline.schemas.errors import ConfigError
from tideline.scripts.console.audit import Audit
from tideline.scripts.console.sessions import Role, Sessions
from tideline.udfs.core.erasure.known_erasures import erasure_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    opened = Audit(tmp_path / "looks.jsonl", KEYS, lambda: NOON_MS)
    yield opened
    opened.close()


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "looks.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("method", "path", "body", "look"),
    [
        ("GET", "/api/users/u1", None, "list"),
        ("GET", "/api/explain/u1", None, "explain"),
        ("GET", "/api/live?topic=health&topic=user:u1", None, "follow"),
        ("POST", "/api/events", {"user": "u1", "type": "view"}, "send"),
    ],
)
def test_each_way_to_look_at_a_person_leaves_a_line(
    audit: Audit, tmp_path: Path, method: str, path: str, body: dict[str, str] | None, look: str
) -> None:
    """Contract: when, what, by whom as a role and a session's hash, and of whom as in the topic of erasures."""
    browser = Browser(console_of(MemoryDeployment(), writes="u*", audit=audit).application()).enter(Role.OPERATOR)
    asyncio.run(browser.asked(method, path, body, until=b"retry" if look == "follow" else None))
    (line,) = _lines(tmp_path)
    key, _ = erasure_record("u1", NOON_MS, "op", KEYS)
    assert (line["look"], line["role"], line["user_hash"]) == (look, "operator", key.hex())
    assert datetime.fromisoformat(line["time"]).timestamp() * 1000 == NOON_MS
    assert len(line["session"]) == 12
    assert "u1" not in {line["session"], line["user_hash"]}


def test_what_shows_nobody_leaves_none(audit: Audit, tmp_path: Path) -> None:
    browser = Browser(console_of(MemoryDeployment(), audit=audit).application()).enter(Role.VIEWER)
    for path in ("/api/session", "/api/health", "/api/activities", "/api/users", "/api/work"):
        browser.ask("GET", path)
    assert _lines(tmp_path) == []


def test_a_pseudonym_is_written_down_as_the_user_it_stands_for(audit: Audit, tmp_path: Path) -> None:
    console = console_of(MemoryDeployment(), audit=audit)
    browser = Browser(console.application()).enter(Role.VIEWER)
    browser.ask("GET", f"/api/users/{console.names.shown('u1')}")
    browser.ask("GET", "/api/users/u1")
    first, second = _lines(tmp_path)
    assert first["user_hash"] == second["user_hash"]


def test_nobody_is_shown_where_it_cannot_be_written_down(audit: Audit) -> None:
    """Contract: a full disk closes the door to persons, and to nothing else."""
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, audit._file)
    os.close(full)
    browser = Browser(console_of(MemoryDeployment(), audit=audit).application()).enter(Role.VIEWER)
    told = browser.ask("GET", "/api/users/u1")
    assert told.status == 503
    assert "nobody is shown" in told.json()["error"]
    assert "entries" not in told.json()
    assert browser.ask("GET", "/api/health").status == 200


def test_the_file_is_its_owners_and_only_ever_grows(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    for _ in range(2):
        audit = Audit(path, KEYS, lambda: NOON_MS)
        audit.note(Sessions({}), "s", "list", "u1")
        audit.close()
    assert len(_lines(tmp_path)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["absent/looks.jsonl", "."])
def test_a_file_that_cannot_be_written_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="--audit"):
        Audit(tmp_path / name, KEYS, lambda: NOON_MS)
