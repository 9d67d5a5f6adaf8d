"""Contract: `tideline explain` finds a user's list, its policy version and the activities on a real broker."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.core_world import CATEGORIES, DAY_MS, make_ranker
from tests.support.kafka_topics import cut, produce, produce_at
from tests.support.shopper import Shopper, visits
from tests.support.wrong_activities import GOOD
from tests.unit.scripts.audit.test_decision_scores import KNOWN, World
from tideline.schemas.decision_writer import encode_decision
from tideline.scripts.commands.explain_decision import encoder_of
from tideline.scripts.commands.tideline import main
from tideline.scripts.parsers.model_parser import ARTEFACTS
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.policies.policy_table import decode_row, encode_row, row_key

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.localstack import Stack
    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.core.serving.ranker_state import RankerState

pytestmark = pytest.mark.integration
Captured = pytest.CaptureFixture[str]
_HOW = ["--policy", "linucb:alpha=0.3", "--weights", "1", "0", "0", "0", "--json"]


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

    def explained(*more: str) -> Any:
        assert main(["explain", "u", *where, *_HOW, *more]) == 0
        return json.loads(capsys.readouterr().out)

    newest = explained()
    assert (newest["decision_id"], newest["equal"], len(newest["entries"])) == (log[-1]["decision_id"], True, 4)
    named = explained("--decision", log[0]["decision_id"])
    assert named["entries"][0]["mean"] == log[0]["mean"]
    assert named == explained("--at", str(log[3]["shown_ms"]))
    assert main(["explain", log[0]["decision_id"], *where, *_HOW]) == 0
    assert json.loads(capsys.readouterr().out) == named
    assert (named["events"], "no encoder of version 3" in named["not_known"]["events"]) == (None, True)
    assert main(["explain", "u", *where, *_HOW, "--weights", "2", "1", "0", "0"]) == 1
    assert main(["explain", "nobody", *where]) == 1
    assert "a user who was shown something" in capsys.readouterr().err


def _job() -> tuple[RankerState, list[TopicRecord]]:
    """Return a ranker with a shipped encoder, and the policy's topic that it has read."""
    encoder = encoder_of(ARTEFACTS, 2)
    assert not isinstance(encoder, str)
    ranker, topic = make_ranker(list(KNOWN.values()), encoder), []
    for each in World("linucb").records:
        name, row = decode_row(each.value or b"", each.offset)
        row = row._replace(encoder=2)
        topic.append(each._replace(key=row_key(name, row).value, value=encode_row(row, name)))
        ranker = ranker.with_row(name, row)
    return ranker, topic


def test_a_list_of_weeks_ago_is_worked_out_by_the_archive(stack: Stack, capsys: Captured, tmp_path: Path) -> None:
    """Contract: once its policy version is gone from Kafka, status 3 says so; the archive has it, and the next one, and
    what his events did."""
    suffix = f"-aged{os.getpid()}"
    where = ["--stack", stack.name, f"--suffix={suffix}"]
    archive = ["--archive", str(tmp_path / "archive")]
    assert main(["topics", *where]) == 0
    old_ms = int(time.time() * 1000) - 20 * DAY_MS
    ranker, topic = _job()
    shopper, events = Shopper(ranker), visits(np.random.default_rng(1), 5, CATEGORIES)
    shopper.hear(*events)
    log = shopper.sees()
    produce(stack.kafka_bootstrap, f"clickstream{suffix}", [(each.key, each.value) for each in shopper.records])
    produce_at(
        stack.kafka_bootstrap,
        f"activities{suffix}",
        [(name.encode(), encode_activity(each), old_ms) for name, each in KNOWN.items()],
    )
    produce_at(
        stack.kafka_bootstrap, f"policy{suffix}", [(each.key, each.value, old_ms + each.offset) for each in topic]
    )
    produce_at(stack.kafka_bootstrap, f"decisions{suffix}", [(b"u", encode_decision(each), old_ms) for each in log])
    assert main(["archive", *where, "--to", str(tmp_path / "archive"), "--policy"]) == 0
    capsys.readouterr()

    def explained(status: int, *more: str) -> Any:
        assert main(["explain", "u", *where, *_HOW, *more]) == status
        return json.loads(capsys.readouterr().out)

    before = explained(0)
    assert (before["equal"], len(before["entries"])) == (True, 4)
    cut(stack.kafka_bootstrap, f"policy{suffix}", len(topic) - 1)
    assert "no longer in its topic" in explained(3)["entries"][0]["why_not"]
    assert explained(0, *archive) == before
    assert [each["event_id"] for each in before["events"]] == [each.event_id for each in reversed(events)]
    assert before["runner_up"]["margin"] > 0
