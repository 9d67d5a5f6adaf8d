"""Contract: a right is told as a person gives it; tests/integration/secured asks real brokers."""

from __future__ import annotations

from pathlib import Path

from tideline.schemas.topics import Topics
from tideline.scripts.commands.job_rights import job_rights
from tideline.udfs.io.kafka_rights import Right, rights_on
from tideline.udfs.settings.job_config import JobConfig


def test_a_job_uses_what_it_reads_and_writes_and_its_group() -> None:
    """Contract: the names are those of the options."""
    config = JobConfig(bootstrap="b:1", redis_url="redis://h", encoder=Path(), token_keys={1: b"k" * 32}, group_id="g")
    told = [str(right) for right in job_rights(config)]
    assert told == [
        *(
            f"Read on topic {name}"
            for name in ("clickstream", "profiles", "activities", "control", "policy", "erasures")
        ),
        *(f"Write on topic {name}" for name in ("policy", "decisions", "dead-letters")),
        "Read on group g",
    ]
    assert job_rights(config)[-1] == Right("Read", "group", "g")


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
