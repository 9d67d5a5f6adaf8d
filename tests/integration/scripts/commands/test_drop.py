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
from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.scripts.commands.drop import checkpoints_of
from tideline.scripts.commands.job_rights import LIVE_WRITES
from tideline.scripts.commands.replay import _refuse_taken
from tideline.scripts.commands.tideline import main
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.model_parser import ARTEFACTS
from tideline.udfs.core.policies.fence import Claim
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.settings.job_config import ReplayConfig

if TYPE_CHECKING:
    from tests.support.live import LiveJob
    from tideline.scripts.localstack import Stack

pytestmark = pytest.mark.integration
_ALL: dict[str, Any] = {"left": [], "why_left": None, "checkpoints": []}
_READ = f"clicks-of-drop{os.getpid()}"
Captured = pytest.CaptureFixture[str]


def _leave(stack: Stack, prefix: str, group: str, name: str) -> None:
    """Leave what a replay leaves: lists, stops, two kept ones, three topics, a group that has read the clickstream."""
    with redis.Redis.from_url(stack.redis_url) as client:
        rests = ("list:u", "list:é*", "place:cart:u", "popular", "stops", "was:list:u", "was:popular")
        client.mset({f"{prefix}@{name}:{rest}": "{}" for rest in rests})
    _make(stack, f"policy-{name}", f"decisions-{name}", f"dead-letters-{name}")
    ensure_topics(KafkaCluster(stack.kafka_bootstrap), Topics(clickstream=_READ), roles=("clickstream",))
    _commit(stack, f"{group}@{name}", _READ)


def _make(stack: Stack, *topics: str) -> None:
    """Make topics with three records each."""
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1) for topic in topics])
    admin.close()
    for topic in topics:
        produce(stack.kafka_bootstrap, topic, [(b"u", b"v")] * 3)


def _commit(stack: Stack, group: str, topic: str) -> None:
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka_bootstrap, group_id=group)
    place = TopicPartition(topic, 0)
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
    where += ["--topics", json.dumps({"clickstream": _READ})]
    for each in (name, f"{name}-2"):
        _leave(stack, prefix, prefix, each)
    with redis.Redis.from_url(stack.redis_url) as client:
        client.set(f"{prefix}:list:u", "{}")
    before = _keys(stack, prefix)

    def dropped(*more: str) -> Any:
        assert main(["drop", name, *where, *more]) == 0
        return json.loads(capsys.readouterr().out)

    topics = {f"policy-{name}": 3, f"decisions-{name}": 3, f"dead-letters-{name}": 3}
    there = {"lists": 5, "kept": 2, "topics": topics, "group": f"{prefix}@{name}", **_ALL}
    whose = {"replay": f"{prefix}@{name}"}
    assert dropped() == {**whose, "done": False, **there}
    assert _keys(stack, prefix) == before
    assert dropped("--yes") == {**whose, "done": True, **there}
    assert _keys(stack, prefix) == {key for key in before if not key.startswith(f"{prefix}@{name}:")}
    nothing = {"lists": 0, "kept": 0, "topics": {}, "group": None, **_ALL}
    assert dropped("--yes") == {**whose, "done": True, **nothing}
    name = f"{name}-2"
    assert dropped()["lists"] == 5
    dropped("--yes")


def test_what_only_has_a_replays_names_stays(stack: Stack, capsys: Captured) -> None:
    """Contract: topics of a deployment, of a replay with a longer or shorter name, and of no known owner are named."""
    tag = f"h{os.getpid()}"
    cluster = KafkaCluster(stack.kafka_bootstrap)
    where = ["--stack", stack.name, "--prefix", tag, "--group-id", tag, "--json"]
    clicks = Topics().with_suffix(f"-{tag}").clickstream
    ensure_topics(cluster, Topics(clickstream=clicks), roles=("clickstream",))

    def dropped(name: str, *more: str) -> Any:
        assert main(["drop", name, *where, "--topics", json.dumps({"clickstream": clicks}), "--yes", *more]) == 0
        return json.loads(capsys.readouterr().out)

    def there() -> set[str]:
        with cluster.admin("looking", "") as admin:
            return {each for each in admin.list_topics() if tag in each}

    # a deployment of suffix -x-TAG, and a replay of our own with that very name, which has read our clickstream
    name = f"x-{tag}"
    _make(stack, *Topics().with_suffix(f"-{name}").by_role().values())
    _commit(stack, f"{tag}@{name}", clicks)
    before = there()
    found = dropped(name)
    assert found["left"] == sorted(f"{each}-{name}" for each in ("policy", "decisions", "dead-letters"))
    assert "no replay makes it: they are a deployment's" in found["why_left"]
    # a replay "eu-TAG-y" of ours is "y" of a deployment of suffix -eu-TAG: only one has read this clickstream
    _make(stack, *(f"{each}-eu-{tag}-y" for each in ("policy", "decisions", "dead-letters")))
    _commit(stack, f"{tag}@y", clicks)
    for nobodys in (f"eu-{tag}-y", f"{tag}-y", "y"):
        assert dropped(nobodys)["topics"] == {}
    assert "has not read" in dropped(f"eu-{tag}-y")["why_left"]
    # names that end alike, and a policy that a live job has written
    _make(stack, f"decisions-{tag}-z", f"policy-{tag}-z", f"decisions-a-{tag}-z")
    produce(stack.kafka_bootstrap, f"policy-{tag}-z", [(Claim(7, "5f").key, None)])
    _commit(stack, f"{tag}@{tag}-z", clicks)
    before = there()
    assert "holds what a live job has learned" in dropped(f"{tag}-z")["why_left"]
    assert there() == before


def test_keys_and_groups_whose_names_begin_or_end_alike_stay(stack: Stack, capsys: Captured) -> None:
    """Contract: what stands between the prefix's @ and the next colon is the whole name."""
    tag = f"k{os.getpid()}"
    others = [
        f"{tag}:list:u", f"{tag}@mon-2:list:u", f"{tag}@monday:list:u", f"x{tag}@mon:list:u", f"{tag}@m:list:u",
        f"{tag}@mon", f"{tag}:{tag}@mon:list:u", f"{tag}@mo*:list:u", f"{tag}@MON:list:u",
    ]  # fmt: skip
    clicks = f"clicks-{tag}"
    ensure_topics(KafkaCluster(stack.kafka_bootstrap), Topics(clickstream=clicks), roles=("clickstream",))
    groups = [tag, f"{tag}@mon-2", f"x{tag}@mon", f"{tag}@mo"]
    for group in (*groups, f"{tag}@mon"):
        _commit(stack, group, clicks)
    with redis.Redis.from_url(stack.redis_url, decode_responses=True) as client:
        client.mset(dict.fromkeys([*others, f"{tag}@mon:list:u", f"{tag}@mon:was:list:u"], "{}"))
        assert main(["drop", "mon", "--stack", stack.name, "--prefix", tag, "--group-id", tag, "--yes", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["group"] == f"{tag}@mon"
        assert set(client.scan_iter(f"*{tag}*")) == set(others)
        client.delete(*others)
    with KafkaCluster(stack.kafka_bootstrap).admin("looking", "") as admin:
        left = {str(each["group_id"]) for each in admin.list_groups()}
    assert {each for each in left if tag in each} == set(groups)


def test_a_replay_does_not_begin_where_its_topics_are_taken(stack: Stack) -> None:
    """Contract: what others wrote would be taken for its own, and go when it is dropped; empty ones it may have."""
    tag = f"t{os.getpid()}"
    keys: dict[str, Any] = {"token_keys": {1: b"k" * 32}, "encoder": ARTEFACTS / "demo-1", "redis_url": stack.redis_url}
    where: dict[str, Any] = {"bootstrap": stack.kafka_bootstrap, "from_ms": 1, "to_ms": 2, **keys}

    def config(name: str) -> ReplayConfig:
        return ReplayConfig(name=name, **where)

    _refuse_taken(config(f"{tag}-free"))
    ensure_topics(KafkaCluster(stack.kafka_bootstrap), config(f"{tag}-empty").output_topics, roles=LIVE_WRITES)
    _refuse_taken(config(f"{tag}-empty"))
    _make(stack, f"dead-letters-{tag}-used")
    with pytest.raises(ConfigError, match=f"dead-letters-{tag}-used has what another one wrote"):
        _refuse_taken(config(f"{tag}-used"))
    _make(stack, f"erasures-{tag}-whole")
    with pytest.raises(ConfigError, match=f"erasures-{tag}-whole is there too"):
        _refuse_taken(config(f"{tag}-whole"))


def test_a_job_that_runs_is_not_taken_the_ground_from(job: LiveJob) -> None:
    """Contract: while a job of that name runs, nothing is deleted and its id is told."""
    with pytest.raises(StackError, match="cancel it first"):
        checkpoints_of(job.stack, job.config.name)
