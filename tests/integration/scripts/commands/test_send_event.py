"""Contract: an event sent by hand renews its user's list, with the token of the list where it is about an activity."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.equality import check_equal
from tideline.scripts.commands.tideline import main
from tideline.scripts.parsers.verbs import parser_of

if TYPE_CHECKING:
    from tests.support.live import LiveJob

pytestmark = [pytest.mark.integration, pytest.mark.slow]
Captured = pytest.CaptureFixture[str]


def _send(job: LiveJob, capsys: Captured, *argv: str) -> dict[str, Any]:
    where = ("--stack", job.stack.name, "--topics", job.options["topics"], "--prefix", job.config.prefix)
    assert main(["send", "by-hand", *argv, "--json", *where]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found.keys() == parser_of("send").keys.keys()
    return found


def test_a_view_makes_a_list_and_a_click_on_it_the_next_one(job: LiveJob, capsys: Captured) -> None:
    """Contract: what is printed is what Redis has, which is the oracle's; nobody refused either event."""
    letters = len(job.read(job.topics.dead_letters))
    first = _send(job, capsys, "--category", "CHEESE")
    assert first["before"] is None
    entry = first["after"]["entries"][1]

    second = _send(job, capsys, "--type", "click", "--activity", entry["activity_id"])

    assert second["before"]["version"] == first["after"]["version"]
    assert (second["event"]["token"], second["event"]["position"]) == (first["after"]["token"], 1)
    job.drain()
    check_equal({"by-hand": job.oracle.lists["by-hand"]}, job.lists(["by-hand"]))
    assert second["after"]["version"] == json.loads(job.oracle.lists["by-hand"])["v"]
    assert len(job.read(job.topics.dead_letters)) == letters
