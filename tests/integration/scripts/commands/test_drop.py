"""Contract: `tideline drop` deletes what a replay left in Redis and Kafka, and nothing that is another's."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import redis
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import OffsetAndMetadata

from tests.support.kafka_topics import produce
from tideline.scripts.commands.drop import checkpoints_of
from tideline.scripts.commands.tideline import main
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from tests.support.live import LiveJob
    from tideline.scripts.localstack import Stack

pytestmark = pytest.mark.integration
Captured = pytest.CaptureFixture[str]


def _leave(stack: Stack, prefix: str, group: str, name: str) -> None:
    """Leave what a replay leaves: lists, stops, two kept ones, three topics, a group."""
    with redis.Redis.from_url(stack.redis_url) as client:
        rests = ("list:u", "list:é*", "place:cart:u", "popular", "stops", "was:list:u", "was:popular")
        client.mset({f"{prefix}@{name}:{rest}": "{}" for rest in rests})
    topics = (f"policy-{name}", f"decisions-{name}", f"dead-letters-{name}")
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1) for topic in topics])
    admin.close()
    for topic in topics:
        produce(stack.kafka_bootstrap, topic, [(b"u", b"v")] * 3)
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka_bootstrap, group_id=f"{group}@{name}")
    place = TopicPartition(f"decisions-{name}", 0)
    consumer.assign([place])
    consumer.commit({place: OffsetAndMetadata(1, "", -1)})
    consumer.close()


def _keys(stack: Stack, prefix: str) -> set[str]:
    with redis.Redis.from_url(stack.redis_url, decode_responses=True) as client:
        return set(client.scan_iter(f"{prefix}*"))


def test_what_a_replay_left_is_told_then_deleted_once(stack: Stack, capsys: Captured) -> None:
    """Contract: counts first, nothing changed without --yes; then all of it, and a second time nothing is there."""
    prefix, name = f"drop{os.getpid()}", f"d{os.getpid()}"
    where = ["--stack", stack.name, "--prefix", prefix, "--group-id", prefix, "--json"]
    for each in (name, f"{name}-2"):
        _leave(stack, prefix, prefix, each)
    with redis.Redis.from_url(stack.redis_url) as client:
        client.set(f"{prefix}:list:u", "{}")
    before = _keys(stack, prefix)

    def dropped(*more: str) -> Any:
        assert main(["drop", name, *where, *more]) == 0
        return json.loads(capsys.readouterr().out)

    topics = {f"policy-{name}": 3, f"decisions-{name}": 3, f"dead-letters-{name}": 3}
    there = {"lists": 5, "kept": 2, "topics": topics, "group": f"{prefix}@{name}", "checkpoints": []}
    whose = {"replay": f"{prefix}@{name}"}
    assert dropped() == {**whose, "done": False, **there}
    assert _keys(stack, prefix) == before
    assert dropped("--yes") == {**whose, "done": True, **there}
    assert _keys(stack, prefix) == {key for key in before if not key.startswith(f"{prefix}@{name}:")}
    nothing = {"lists": 0, "kept": 0, "topics": {}, "group": None, "checkpoints": []}
    assert dropped("--yes") == {**whose, "done": True, **nothing}
    name = f"{name}-2"
    assert dropped()["lists"] == 5
    dropped("--yes")


def test_a_job_that_runs_is_not_taken_the_ground_from(job: LiveJob) -> None:
    """Contract: while a job of that name runs, nothing is deleted and its id is told."""
    with pytest.raises(StackError, match="cancel it first"):
        checkpoints_of(job.stack, job.config.name)
