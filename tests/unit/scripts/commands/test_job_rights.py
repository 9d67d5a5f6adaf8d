"""Contract: a job asks for the rights that it uses, no other; tests/integration/secured is real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tideline.scripts.commands.job_rights import job_rights
from tideline.udfs.io.kafka_rights import Right
from tideline.udfs.settings.job_config import ReplayConfig


def test_a_replay_writes_topics_of_its_own_and_never_the_live_policy() -> None:
    """Contract: it reads the live topics, writes those with its name behind them, and is of its own group."""
    given = {"bootstrap": "b:1", "redis_url": "redis://h", "encoder": Path(), "token_keys": {1: b"k" * 32}}
    config = ReplayConfig(**given, name="may", from_ms=1, to_ms=2)  # type: ignore[arg-type]
    rights = job_rights(config)
    assert [right.name for right in rights if right.operation == "Write"] == ["decisions-may", "dead-letters-may"]
    assert [right.name for right in rights if right[:2] == ("Read", "topic")] == [
        "clickstream", "profiles", "activities", "control", "policy", "erasures",
    ]  # fmt: skip
    learns = job_rights(replace(config, makes="policy"))
    assert [right.name for right in learns if right.operation == "Write"] == [
        "policy-may", "decisions-may", "dead-letters-may",
    ]  # fmt: skip
    assert rights[-1] == Right("Read", "group", config.consumer_group)
    assert "may" in config.consumer_group
