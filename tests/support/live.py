"""A live job of a test's own on the local stack, with the oracle of everything that was produced to it."""

from __future__ import annotations

import json
import time
import weakref
from typing import TYPE_CHECKING, Any

import redis

from tests.support.equality import differences
from tests.support.job_counts import metrics_of
from tests.support.kafka_topics import produce, read_all
from tests.support.oracle import EPOCH, Oracle, Recorded, learned
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.models.encoder import Encoder
from tideline.models.registry import verify
from tideline.schemas.topics import Topics
from tideline.scripts.commands.redis_target import client_of
from tideline.scripts.commands.submit import submit, token_keys
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.core.budgets.standing import EVERY_ID
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.control.control import Control, LoadModel, PublishPolicy, Republish, encode_control
from tideline.udfs.core.lists.list_version import parse_version
from tideline.udfs.core.policies.arm_key import COSTS_KEY, PRIOR_ID, ArmKey, LedgerKey, RowKey
from tideline.udfs.settings.connection.redis_url import is_cluster
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load
from tideline.udfs.settings.rank_settings import rank_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tideline.scripts.localstack import Stack
    from tideline.scripts.localstack.process import Managed
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.control.control import Command
    from tideline.udfs.core.lists.token_keys import TokenKeys

ENCODERS = REPOSITORY / "models" / "artefacts"
_REDIS_WITHIN_S = 60.0


class LiveJob:
    """A job with its own topics, group, prefix and name. Nothing it learned is forgotten, so sums are whole numbers."""

    def __init__(self, stack: Stack, tag: str, **options: str) -> None:
        self.stack = stack
        self.tag = tag
        self.options = {
            "name": f"tideline-{tag}",
            "prefix": tag,
            "group_id": tag,
            "topics": json.dumps(Topics().with_suffix(f"-{tag}").by_role()),
            "publish_ms": "500",
            "half_life_days": "0",
            "epoch": str(EPOCH),
            "salt": "tideline",
            **options,
        }
        self.config = self._load_config()
        self.topics = self.config.topics
        self.oracle = Oracle(rank_settings(self.config), Encoder.load(ENCODERS / "demo-1"))
        self.job_id = ""
        self._redis = self._connected(stack.redis_url)
        self._read_to: dict[int, int] = {}
        self._told_to: dict[int, int] = {}
        self._commands = 0
        ensure_topics(stack.kafka, self.topics)

    @property
    def token_keys(self) -> TokenKeys:
        """The keys that sign this job's tokens."""
        return rank_settings(self.config).keys

    def _connected(self, url: str) -> redis.Redis:
        client = client_of(url) if is_cluster(url) else redis.Redis.from_url(url, socket_timeout=_REDIS_WITHIN_S)
        # A socket that the garbage collector finds before its client's `__del__` warns, in whatever test runs then.
        weakref.finalize(self, client.close)
        return client

    def start(self, savepoint: str | None = None) -> None:
        """Submit the job once slots are free for all of it, and wait until all of it runs."""
        self.stack.rest.wait_slots(self.config.parallelism, PATIENCE_S)
        self.job_id = submit(self.stack, "live", self.options, savepoint)
        self.stack.rest.wait_running(self.job_id)

    def rescale(self, parallelism: int) -> None:
        """Stop the job with a savepoint and go on from it with another number of subtasks."""
        savepoint = self.stack.rest.savepoint(self.job_id, cancel=True)
        self.stack.rest.wait_state(self.job_id, ["CANCELED"])
        self.go_on(savepoint, parallelism=str(parallelism))

    def go_on(self, savepoint: str, **options: str) -> None:
        """Start from a savepoint with some options changed, as the next submission."""
        self.options |= {"epoch": str(int(self.options["epoch"]) + 1)} | options
        self.config = self._load_config()
        self.oracle.epoch = self.config.epoch or 0
        self._redis = self._connected(self.config.redis_url)
        self.start(savepoint)

    def put_activities(self, activities: Sequence[Activity]) -> None:
        """Write activities and wait until a running job knows them."""
        self.oracle.set_activities(activities)
        records = [(activity.activity_id.encode(), encode_activity(activity)) for activity in activities]
        self.produce_to(self.topics.activities, records)
        if self.job_id:
            known = len(self.oracle.ranker.offers.activities)
            self.wait_gauge("activities", known)

    def produce_to(self, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> int:
        """Write records to a topic."""
        return produce(self.stack.kafka_bootstrap, topic, records)

    def produce(self, records: Iterable[tuple[bytes | None, bytes | None]]) -> int:
        """Write records to the clickstream."""
        return self.produce_to(self.topics.clickstream, records)

    def read(self, topic: str) -> list[Recorded]:
        """Return all of a topic."""
        return read_all(self.stack.kafka_bootstrap, topic)

    def recorded(self) -> list[Recorded]:
        """Return what the clickstream holds that was not returned before."""
        found = read_all(self.stack.kafka_bootstrap, self.topics.clickstream, self._read_to)
        self._read_to |= {record.partition: record.offset + 1 for record in found}
        return found

    def command(self, command: Command) -> None:
        """Give the job a command."""
        value = encode_control(Control(command, int(time.time() * 1000)))
        self.produce_to(self.topics.control, [(str(self._commands).encode(), value)])
        self._commands += 1

    def command_id(self) -> str:
        """Return an id for the next command."""
        return f"{self.tag}-{self._commands}"

    def lists(self, users: Iterable[str]) -> dict[str, bytes]:
        """Return the users' lists, those left out that have none."""
        wanted = list(users)
        keys = [f"{self.config.prefix}:list:{user}" for user in wanted]
        payloads: Any = self._redis.mget(keys) if keys else []
        return {user: payload for user, payload in zip(wanted, payloads, strict=True) if payload is not None}

    def placed_lists(self, placement: str) -> dict[str, bytes]:
        """Return the lists of a placement by user."""
        head = f"{self.config.prefix}:place:{placement}:"
        keys = list(self._redis.scan_iter(f"{head}*", count=5000))
        payloads: Any = self._redis.mget(keys) if keys else []
        return {key.decode()[len(head) :]: payload for key, payload in zip(keys, payloads, strict=True)}

    def all_lists(self) -> dict[str, bytes]:
        """Return every list that the job has in Redis."""
        head = f"{self.config.prefix}:list:"
        return self.lists(key.decode()[len(head) :] for key in self._redis.scan_iter(f"{head}*", count=5000))

    def popular(self) -> bytes | None:
        """Return the list for users without one of their own."""
        found: Any = self._redis.get(f"{self.config.prefix}:popular")
        return bytes(found) if found else None

    def stops(self) -> list[str] | None:
        """Return what readers are told to show no more, None where they are told nothing."""
        found: Any = self._redis.get(f"{self.config.prefix}:stops")
        return list(json.loads(found)["s"]) if found else None

    def leases(self) -> dict[str, int]:
        """Return until which minute since the epoch readers are told that older lists go on with what is limited."""
        found: Any = self._redis.get(f"{self.config.prefix}:stops")
        return dict(json.loads(found).get("u", {})) if found else {}

    def lose_stops(self) -> None:
        """Take the stop list out of Redis."""
        self._redis.delete(f"{self.config.prefix}:stops")

    def taskmanagers(self) -> list[Managed]:
        """Return the live TaskManagers that have a task of the job."""
        names: set[str] = set()
        for vertex in self.stack.rest.vertices(self.job_id).values():
            tasks = self.stack.rest.get(f"/jobs/{self.job_id}/vertices/{vertex}/taskmanagers")["taskmanagers"]
            names |= {task["taskmanager-id"] for task in tasks}
        return [process for process in self.stack.taskmanagers if process.name in names]

    def metrics(self) -> dict[str, float]:
        """Return the job's counters and gauges, summed over operators, as its TaskManagers serve them now."""
        return metrics_of(self.stack, self.job_id)

    def wait_gauge(self, name: str, value: int) -> None:
        """Wait until a gauge has this value in every ranker."""
        wanted = value * self.config.parallelism
        wait_until(f"{name} = {value}", lambda: self.metrics().get(name) == wanted)

    def drain(self) -> None:
        """Take what was produced into the oracle and wait until Redis holds its list versions."""
        self.oracle.apply_by_user(self.recorded())
        self.wait_lists()

    def tell(self, records: Sequence[tuple[bytes | None, bytes | None]]) -> None:
        """Write profile records, wait until the job has read them, and give them to the oracle."""
        before = self.metrics().get("profiles", 0.0)
        self.produce_to(self.topics.profiles, records)
        wait_until("profiles are read", lambda: self.metrics().get("profiles", 0.0) == before + len(records))
        found = read_all(self.stack.kafka_bootstrap, self.topics.profiles, self._told_to)
        self._told_to |= {record.partition: record.offset + 1 for record in found}
        self.oracle.tell(found)
        self.wait_lists()

    def wait_lists(self) -> None:
        """Wait until each list in Redis is as new as the oracle's."""
        missing = self.oracle.versions()

        def none_missing() -> bool:
            for user, payload in self.lists(missing).items():
                if parse_version(payload) >= missing[user]:
                    del missing[user]
            return not missing

        wait_until(
            "every list is up to date", none_missing, state=lambda: f"{len(missing)}: {list(missing.items())[:3]}"
        )

    def swap(self, folder: Path) -> None:
        """Order an encoder, wait until every ranker uses it with its policy rows, and give both to the oracle."""
        manifest = verify(folder)
        before, published = self.metrics()["model_swapped"], len(self.read(self.topics.policy))
        self.command(LoadModel(manifest.version, str(folder), manifest.sha256))
        self.wait_swapped(folder, before, published)

    def wait_swapped(self, folder: Path, before: float, published: int) -> None:
        """Wait for an ordered encoder: `before` was the metric model_swapped, `published` the policy topic's length."""
        prior = RowKey(ArmKey(verify(folder).version, PRIOR_ID)).value

        def with_its_prior() -> list[Recorded]:
            policy = self.read(self.topics.policy)
            return policy if prior in {record.key for record in policy[published:]} else []

        policy = wait_until("the learner publishes the encoder's rows", with_its_prior)
        wanted = before + self.config.parallelism
        wait_until("every ranker uses the encoder", lambda: self.metrics()["model_swapped"] >= wanted)
        self.oracle.learn(policy)
        self.oracle.ranker = self.oracle.ranker.with_encoder(Encoder.load(folder))
        self.wait_gauge("policy_version", self.oracle.ranker.version)

    def settle(self) -> None:
        """Drain, let the learner publish and the rankers republish, in the job and in the oracle."""
        self.drain()
        self.publish()
        self.republish()

    def republish(self) -> None:
        """Let every user be ranked again and wait until Redis has the lists."""
        self.command(Republish(self.command_id()))
        self.oracle.republish()
        self.wait_lists()

    def publish(self) -> None:
        """Wait until the learner knows what the oracle knows, publish all of it, and wait until the rankers have it."""
        wanted = self.oracle.policy_values()
        if not wanted:
            return
        self.wait_learned()
        before = len(self.read(self.topics.policy))
        self.command(PublishPolicy(self.command_id()))
        # Increments that cancel out may still be on their way once the sums are right: its last word counts.
        policy = wait_until(
            "the learner publishes everything as the oracle does",
            lambda: found if _newest(found := self.read(self.topics.policy), before) == sorted(wanted) else [],
            state=lambda: f"{len(wanted)} rows, {len(self.read(self.topics.policy)) - before} published",
        )
        self.oracle.learn(policy)
        self.wait_gauge("policy_version", self.oracle.ranker.version)

    def wait_learned(self) -> None:
        """Wait until the learner has published the oracle's sums, each activity by itself."""
        wanted = self.oracle.learned()
        wait_until(
            "the learned sums are the oracle's",
            lambda: learned(self.read(self.topics.policy)) == wanted,
            state=lambda: differences(wanted, learned(self.read(self.topics.policy))),
        )

    def _load_config(self) -> JobConfig:
        flags = {"bootstrap": self.stack.kafka_bootstrap, "encoder": str(ENCODERS / "demo-1"), **self.options}
        argv = [part for key, value in flags.items() for part in (f"--{key.replace('_', '-')}", value)]
        keys = json.dumps(token_keys(self.stack))
        return load(JobConfig, argv, {"TIDELINE_REDIS_URL": self.stack.redis_url, "TIDELINE_TOKEN_KEYS": keys})


def _newest(policy: Sequence[Recorded], since: int) -> list[bytes]:
    """Return the newest value under each key of the records since, as sorted bytes, but for what is sampled."""
    sampled = COSTS_KEY, LedgerKey(EVERY_ID).value
    values = {record.key: record.value for record in policy[since:] if record.key not in sampled}
    return sorted(value for value in values.values() if value is not None)
