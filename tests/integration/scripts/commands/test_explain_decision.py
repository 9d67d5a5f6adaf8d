"""Contract: `tideline explain` finds a user's list, its policy version and the activities on a real broker."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.kafka_topics import produce
from tests.support.wrong_activities import GOOD
from tests.unit.scripts.audit.test_decision_scores import World
from tideline.schemas.decision_writer import encode_decision
from tideline.scripts.commands.tideline import main

if TYPE_CHECKING:
    from tideline.scripts.localstack import Stack

pytestmark = pytest.mark.integration
Captured = pytest.CaptureFixture[str]


def test_a_logged_list_is_found_and_worked_out_again(stack: Stack, capsys: Captured) -> None:
    """Contract: the newest list, or the one that is named; status 0 equal, 1 other numbers, 1 nothing shown."""
    suffix = f"-why{os.getpid()}"
    where = ["--stack", stack.name, f"--suffix={suffix}"]
    assert main(["topics", *where]) == 0
    world = World("linucb")
    log = world.log(2)
    for at, each in enumerate(log):
        each["shown_ms"] += at
    produce(stack.kafka_bootstrap, f"policy{suffix}", [(each.key, each.value) for each in world.records])
    known = [json.loads(json.dumps(GOOD)) | {"activity_id": name} for name in {each["activity_id"] for each in log}]
    activities = [(each["activity_id"].encode(), json.dumps(each).encode()) for each in known]
    produce(stack.kafka_bootstrap, f"activities{suffix}", activities)
    told = [(b"u", encode_decision(each | {"user_id": "u"})) for each in log]
    produce(stack.kafka_bootstrap, f"decisions{suffix}", [*told, (b"u", b"no decision"), (b"u", None)])
    capsys.readouterr()
    how = ["--policy", "linucb:alpha=0.3", "--weights", "1", "0", "0", "0", "--json"]

    def explained(*more: str) -> Any:
        assert main(["explain", "u", *where, *how, *more]) == 0
        return json.loads(capsys.readouterr().out)

    newest = explained()
    assert (newest["decision_id"], newest["equal"], len(newest["entries"])) == (log[-1]["decision_id"], True, 4)
    assert explained("--decision", log[0]["decision_id"])["entries"][0]["mean"] == log[0]["mean"]
    assert main(["explain", "u", *where, *how, "--weights", "2", "1", "0", "0"]) == 1
    assert main(["explain", "nobody", *where]) == 1
    assert "a user who was shown something" in capsys.readouterr().err
