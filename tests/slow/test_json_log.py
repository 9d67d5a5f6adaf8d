"""Contract: a running job's console is JSON where it is asked for, Flink's lines and Python's, and names no user."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.live import LiveJob
from tests.support.scenes import scenario
from tests.support.traffic import make_activities, messages
from tests.support.waiting import wait_until
from tideline.scripts.localstack import Stack, StackRequest
from tideline.scripts.localstack.paths import FLINK_CONF
from tideline.udfs.core.control.control import SetGeneration

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.fixture
def own() -> Iterator[Stack]:
    """A stack that was started with TIDELINE_LOG=json in its environment."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TIDELINE_LOG", "json")
        with Stack.up(StackRequest(f"json-{os.getpid()}", conf=FLINK_CONF / "config.test.yaml")) as running:
            yield running


def _lines(stack: Stack) -> list[dict[str, Any]]:
    texts = [path.read_text() for path in (stack.root / "log").glob("*manager*.out")]
    return [json.loads(line) for text in texts for line in text.splitlines() if line.startswith("{")]


def test_a_job_speaks_json_with_operator_and_subtask(own: Stack) -> None:
    live = LiveJob(own, f"json{os.getpid()}")
    live.put_activities(make_activities(20, int(time.time() * 1000)))
    live.start()
    live.produce(messages(scenario(live, 1, "somebody-", events=300, users=30)))
    live.drain()
    live.command(SetGeneration(3))
    wait_until("the order is told of", lambda: [each for each in _lines(own) if "SetGeneration" in each["message"]])
    own.rest.cancel(live.job_id)
    found = _lines(own)
    ranker = [each for each in found if each.get("operator") == "interest_rank"]
    assert {(each["logger"], each["subtask"]) for each in ranker} == {("tideline.udfs.operators.ranker_feed", 0)}
    of_flink = [each for each in found if each["logger"].startswith("org.apache.flink")]
    assert live.job_id in {each.get("job") for each in of_flink}
    assert not [each for each in found if "somebody-" in json.dumps(each)]
