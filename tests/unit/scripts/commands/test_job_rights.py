"""Contract: a job asks for the rights that it uses, no other; tests/integration/secured is real."""

from __future__ import annotations

from pathlib import Path

from tideline.schemas.topics import Topics
from tideline.scripts.commands.job_rights import job_rights, rights_on
from tideline.udfs.io.kafka_rights import Right
from tideline.udfs.settings.job_config import ReplayConfig


def test_a_replay_writes_topics_of_its_own_and_never_the_policy() -> None:
    """Contract: it reads the live topics, writes those with its name behind them, and is of its own group."""
    given = {"bootstrap": "b:1", "redis_url": "redis://h", "encoder": Path(), "token_keys": {1: b"k" * 32}}
    config = ReplayConfig(**given, name="may", from_ms=1, to_ms=2)  # type: ignore[arg-type]
    rights = job_rights(config)
    assert [right.name for right in rights if right.operation == "Write"] == ["decisions-may", "dead-letters-may"]
    assert [right.name for right in rights if right[:2] == ("Read", "topic")] == [
        "clickstream", "profiles", "activities", "control", "policy", "erasures",
    ]  # fmt: skip
    assert rights[-1] == Right("Read", "group", config.consumer_group)
    assert "may" in config.consumer_group


def test_topics_of_other_names_are_asked_for_by_these_names() -> None:
    """Contract: what is read comes first, then what is written as it was given, the group last."""
    topics = Topics(clickstream="clicks", control="orders")
    assert [str(right) for right in rights_on(topics, {"decisions": "log"}, "g")] == [
        "Read on topic clicks",
        "Read on topic profiles",
        "Read on topic activities",
        "Read on topic orders",
        "Read on topic policy",
        "Read on topic erasures",
        "Write on topic log",
        "Read on group g",
    ]
